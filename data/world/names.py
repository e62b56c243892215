"""Word lists for made-up people and places. Common words put together at random: nobody in particular."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST = _words(
    "Aarav Aditi Akash Amit Anita Anjali Arjun Asha Bhavna Deepak Divya Farhan Gauri Harish Imran Isha Jyoti Kabir "
    "Kavita Kiran Lakshmi Manoj Meena Mohan Nadia Naveen Neha Nikhil Pooja Prakash Priya Rahul Rajesh Ramya Ravi "
    "Rekha Ritu Rohit Sana Sandeep Sanjay Savita Shabnam Shreya Sonia Sunil Swati Tanvi Uma Vijay Vikram Yusuf Zoya"
)
LAST = _words(
    "Ahmed Bano Bhat Bose Chauhan Das Desai Dutta Fernandes Ghosh Gowda Gupta Iyer Jain Joshi Kaur Khan Kulkarni "
    "Kumar Mehta Menon Mishra Nair Naik Pandey Patel Patil Pillai Prasad Rao Rathore Reddy Roy Sahu Saxena Shah "
    "Sharma Shetty Singh Sinha Soni Thakur Tiwari Varma Verma Yadav"
)
NORTH, SOUTH, EAST = 0, 1, 2
STREETS = (
    ("Station Road", "MG Road", "Gali No 4", "Gali No 11", "Ring Road", "Mandi Road", "Civil Lines", "Mall Road"),
    ("2nd Cross", "5th Main Road", "Temple Street", "Bazaar Street", "Church Road", "Car Street", "100 Feet Road"),
    ("Bidhan Sarani", "Station Road", "Hatia Road", "G T Road", "College Para Road", "Lake Road", "Kali Bari Road"),
)
LOCALITY_STEMS = (
    ("Shanti", "Adarsh", "Laxmi", "Ganesh", "Vikas", "Saraswati", "Azad", "Model", "Surya", "Ashok"),
    ("Anna", "Jaya", "Sri Sai", "Vasanth", "Bharathi", "Kaveri", "Malleshwara", "Padma", "Durga", "Teachers"),
    ("Rabindra", "Netaji", "Kadam", "Purba", "Paschim", "Ananda", "Uttar", "Shyam", "Lal", "Nutan"),
)
LOCALITY_ENDS = (
    ("Nagar", "Colony", "Vihar", "Enclave", "Chowk", "Mohalla", "Ganj", "Puram"),
    ("Nagar", "Layout", "Puram", "Colony", "Palya", "Pettai", "Nagaram"),
    ("Pally", "Para", "Nagar", "Tola", "Bagan", "Colony", "Basti"),
)
VILLAGE_STEMS = (
    ("Ram", "Kishan", "Sona", "Bhai", "Dev", "Gopal", "Hari", "Man", "Raj", "Sultan"),
    ("Kotta", "Chinna", "Pedda", "Kandi", "Mudi", "Vella", "Thiru", "Nandi", "Bala"),
    ("Bel", "Chand", "Dighi", "Gobind", "Hat", "Kalya", "Madhu", "Nabi", "Sonar"),
)
VILLAGE_ENDS = (
    ("pur", "gaon", "khera", "garh", "wadi", "pura", "kalan"),
    ("palle", "puram", "halli", "gudem", "kurichi", "patti", "pur"),
    ("danga", "pur", "bari", "hati", "tola", "gram", "para"),
)
LANDMARKS = (
    "near bus stand",
    "opp SBI ATM",
    "behind petrol pump",
    "near Shiv Mandir",
    "near Jama Masjid",
    "beside govt school",
    "opp primary health centre",
    "near water tank",
    "above medical store",
    "near railway crossing",
    "next to ration shop",
    "near church",
)
BUILDINGS = ("Shanti Residency", "Sai Apartment", "Green Heights", "Lotus Tower", "Sunrise Complex", "Palm Court")
NONSENSE = (
    "asdf",
    "qwerty",
    "xyz",
    "abcd",
    "test",
    "jhgfd",
    "zxcv",
    "hhhh",
    "aaa",
    "kjhk",
    "lkjlk",
    "na",
    "1234",
    "wwe",
)
MAIL_DOMAINS = ("example.com", "example.org", "example.net")  # reserved for examples: nobody's mail (RFC 2606)
STATE_VARIANTS = {
    "ODISHA": "Orissa",
    "PUDUCHERRY": "Pondicherry",
    "UTTARAKHAND": "Uttaranchal",
    "TAMIL NADU": "Tamilnadu",
    "JAMMU AND KASHMIR": "Jammu & Kashmir",
    "RAJASTHAN": "Rajsthan",
    "CHHATTISGARH": "Chattisgarh",
    "DELHI": "New Delhi",
}

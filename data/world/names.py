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
HINDI, SOUTH, BENGALI, ENGLISH = range(4)
REGIONS = dict(zip("123456789", (HINDI, HINDI, HINDI, HINDI, SOUTH, SOUTH, BENGALI, HINDI, HINDI), strict=True))
"""First digit of a PIN code -> the words its addresses are written in, in Latin letters."""
STREETS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        _words(
            "Gandhi Nehru Subhash Station Mandi Sabji Bada Purana Naya Tilak Shivaji Rani Ramlila Hanuman Sadar Kachehri"
        ),
        _words("Marg Road Gali Bazar Path Sadak Chowk Rasta"),
    ),
    (
        _words(
            "Temple Kovil Bazaar Car Raja Kamaraj Gandhi Anna Nehru Big Mosque Lake Bharathi Periyar Mariamman Tank"
        ),
        _words("Street Veedhi Salai Road Theru Main Cross Beedi"),
    ),
    (
        _words(
            "Rabindra Bidhan Netaji Station College Hatia Kali Lake Vivekananda Rashbehari Jessore Nabin Chandi Hospital"
        ),
        _words("Sarani Road Lane Path Bari Avenue More Ghat"),
    ),
    (
        _words(
            "Church Hill Park Garden Palm Mall Lake Market Link Ring Residency Station Cross Victoria Orchard Canal"
        ),
        _words("Road Street Avenue Lane Drive Crescent Cross Close"),
    ),
)
LANES = (("Gali No", "Lane"), ("Cross", "Main"), ("By Lane", "Goli"), ("Lane", "Block"))
LOCALITY_STEMS = (
    _words(
        "Shanti Adarsh Laxmi Ganesh Vikas Saraswati Azad Model Surya Ashok Indira Patel Rajendra Krishna Lajpat Sundar"
    ),
    _words("Anna Jaya Vasanth Bharathi Kaveri Malleshwara Padma Durga Teachers Ashok Gandhi Lakshmi Venkateswara Raja"),
    _words("Rabindra Netaji Kadam Purba Paschim Ananda Uttar Shyam Lal Nutan Bidhan Surya Madhya Rathtala Kumar"),
    _words("Green Palm Lake Silver Sunrise Royal Garden Hill Rose River Valley Pearl Golden Lotus"),
)
LOCALITY_ENDS = (
    _words("Nagar Colony Vihar Enclave Chowk Mohalla Ganj Puram Bagh Kunj"),
    _words("Nagar Layout Puram Colony Palya Pettai Nagaram Pet Halli"),
    _words("Pally Para Nagar Tola Bagan Colony Basti Danga"),
    _words("Park Gardens Enclave Layout Extension Heights View Estate"),
)
VILLAGE_STEMS = (
    _words("Ram Kishan Sona Bhai Dev Gopal Hari Man Raj Sultan Fateh Mohan Nar Chand Jagat Bishan"),
    _words("Kotta Chinna Pedda Kandi Mudi Vella Thiru Nandi Bala Puli Mala Kara Anda"),
    _words("Bel Chand Dighi Gobind Hat Kalya Madhu Nabi Sonar Bagh Kesh Jala Shib"),
    _words("Ram Kishan Sona Bhai Dev Gopal Hari Man Raj Sultan"),
)
VILLAGE_ENDS = (
    _words("pur gaon khera garh wadi pura kalan nagar barsa"),
    _words("palle puram halli gudem kurichi patti pur palem"),
    _words("danga pur bari hati tola gram para ganj"),
    _words("pur gaon garh pura"),
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

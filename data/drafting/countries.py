"""Countries as exports name them: where a shop's clock stands and what its money is."""

PLACES = {
    "IN": ("Asia/Kolkata", "INR"), "ID": ("Asia/Jakarta", "IDR"), "PK": ("Asia/Karachi", "PKR"),
    "BD": ("Asia/Dhaka", "BDT"), "AE": ("Asia/Dubai", "AED"), "SA": ("Asia/Riyadh", "SAR"),
    "EG": ("Africa/Cairo", "EGP"), "MA": ("Africa/Casablanca", "MAD"), "DZ": ("Africa/Algiers", "DZD"),
    "TN": ("Africa/Tunis", "TND"), "JO": ("Asia/Amman", "JOD"), "IQ": ("Asia/Baghdad", "IQD"),
    "KW": ("Asia/Kuwait", "KWD"), "CO": ("America/Bogota", "COP"), "MX": ("America/Mexico_City", "MXN"),
    "PE": ("America/Lima", "PEN"), "EC": ("America/Guayaquil", "USD"), "CL": ("America/Santiago", "CLP"),
    "ES": ("Europe/Madrid", "EUR"), "IT": ("Europe/Rome", "EUR"), "RO": ("Europe/Bucharest", "RON"),
    "TR": ("Europe/Istanbul", "TRY"), "VN": ("Asia/Ho_Chi_Minh", "VND"), "TH": ("Asia/Bangkok", "THB"),
    "PH": ("Asia/Manila", "PHP"), "MY": ("Asia/Kuala_Lumpur", "MYR"), "NG": ("Africa/Lagos", "NGN"),
    "GB": ("Europe/London", "GBP"), "US": ("America/New_York", "USD"), "LK": ("Asia/Colombo", "LKR"),
    "NP": ("Asia/Kathmandu", "NPR"),
}  # fmt: skip
"""Country -> time zone and currency of a shop there."""

SIGNS = {"₹": "INR", "€": "EUR", "£": "GBP", "₨": "PKR", "₺": "TRY", "₫": "VND", "฿": "THB", "₱": "PHP", "৳": "BDT"}
"""Signs that stand for one currency alone."""

COUNTRY_WORDS = {
    "india": "IN", "indonesia": "ID", "pakistan": "PK", "bangladesh": "BD", "colombia": "CO", "mexico": "MX",
    "méxico": "MX", "peru": "PE",
    "perú": "PE", "españa": "ES", "spain": "ES", "egypt": "EG", "مصر": "EG", "السعودية": "SA",
    "saudi arabia": "SA", "الإمارات": "AE",
    "united arab emirates": "AE", "المغرب": "MA", "maroc": "MA", "morocco": "MA", "chile": "CL",
    "ecuador": "EC", "الجزائر": "DZ",
    "algerie": "DZ", "tunisie": "TN", "العراق": "IQ", "الأردن": "JO", "الكويت": "KW", "turkiye": "TR",
    "united kingdom": "GB",
}  # fmt: skip

CITIES = {
    "CO": "bogota medellin cali barranquilla cartagena bucaramanga cucuta pereira ibague villavicencio pasto monteria",
    "PK": "karachi lahore faisalabad rawalpindi multan peshawar quetta islamabad sialkot gujranwala hyderabad sukkur",
    "BD": "dhaka chattogram chittagong khulna rajshahi sylhet barishal rangpur mymensingh comilla gazipur narayanganj",
    "ID": "jakarta surabaya bandung medan semarang makassar palembang depok tangerang bekasi bogor yogyakarta",
    "EG": "cairo giza alexandria mansoura tanta zagazig القاهرة الجيزة الاسكندرية المنصورة طنطا الزقازيق",
    "SA": "riyadh jeddah dammam mecca medina khobar الرياض جدة الدمام مكة المدينة الخبر",
    "AE": "dubai sharjah ajman abudhabi fujairah دبي الشارقة عجمان ابوظبي العين",
    "MA": "casablanca rabat marrakech fes tanger agadir meknes oujda kenitra tetouan",
    "DZ": "alger oran constantine annaba blida setif batna djelfa tlemcen bejaia",
    "IQ": "baghdad basra mosul erbil najaf karbala بغداد البصرة الموصل اربيل النجف كربلاء",
    "MX": "guadalajara monterrey puebla tijuana zapopan ecatepec queretaro merida cancun chihuahua hermosillo",
    "PE": "lima arequipa trujillo chiclayo piura iquitos cusco huancayo callao tacna",
    "CL": "santiago valparaiso concepcion antofagasta temuco rancagua talca iquique",
    "EC": "quito guayaquil cuenca ambato machala manta loja esmeraldas riobamba",
    "VN": "hanoi haiphong danang cantho hue nhatrang",
    "PH": "manila quezon davao cebu caloocan makati pasig taguig",
    "NG": "lagos abuja ibadan kano portharcourt enugu benin",
    "LK": "colombo kandy galle jaffna negombo", "NP": "kathmandu pokhara lalitpur biratnagar bharatpur",
    "TR": "istanbul ankara izmir bursa antalya adana konya", "RO": "bucuresti cluj timisoara iasi constanta brasov",
    "IT": "roma milano napoli torino palermo bologna", "ES": "madrid barcelona valencia sevilla zaragoza malaga",
}  # fmt: skip
"""Large cities of a country, in one word without accents."""

LARGE_NUMBERS = {"IDR", "VND", "COP", "CLP", "IQD", "NGN", "PKR"}
"""Currencies in which a usual order is a whole number of five figures: that says nothing of its unit."""

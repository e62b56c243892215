"""Addresses as people write them: one spelling, and how findable they are. The text itself goes no further.

English, Hindi and Bengali, in Latin letters as they are typed on a phone and in their own scripts. A short rural
address that names a village and a landmark is a good address; nothing here punishes its being short.
"""

from functools import cache, lru_cache

from data.contract import ADDRESS_MEASURES
from data.persons.legible import SHORTEST, VOWELS, is_known, unreadable
from data.persons.text import NAN, Reading, folded, letters_and_digits, word_set, words_of
from data.places import told_towns

LANDMARK_WORDS = word_set(
    # near, opposite, behind
    "near nearby nr opp opposite behind beside besides front next adjacent infront backside "
    "paas samne saamne samney pichhe piche peeche peechhe bagal kareeb najdik nazdik baju bajula javal samor mage "
    "kache kachhe kacche pashe paashe samner pichone pechone dhare mor "
    # what is near
    "mandir mandira masjid school station chowk chauk temple church gurudwara gurdwara girja dargah mazar idgah eidgah "
    "hospital aspatal haspatal clinic bazar bazaar market mandi haat hat bus stand college university vidyalaya "
    "vidyalay pathshala madrasa bank atm petrol pump thana police chowki phatak crossing talab talaab pukur pokhar kuan "
    "ghat pul bridge flyover tanki cinema theatre dukan dukaan dokan dokaan kirana ration office daftar dak panchayat "
    "stadium maidan hotel dhaba factory mill godown tower gate park "
    "पास सामने पीछे बगल निकट नज़दीक मंदिर मन्दिर मस्जिद मस्जिद गुरुद्वारा स्कूल विद्यालय अस्पताल बाजार बाज़ार चौक स्टेशन बैंक थाना तालाब "
    "পাশে কাছে সামনে পিছনে মন্দির মসজিদ স্কুল বিদ্যালয় হাসপাতাল বাজার মোড় স্টেশন ব্যাংক থানা পুকুর"
)
"""Words that say what a place lies near to."""

LOCALITY_WORDS = word_set(
    # English, and how it is shortened
    "road rd street st strt lane ln avenue ave marg path cross main highway hwy bypass circle square bazaar bazar market "
    "nagar ngr nagara nagaram colony clny colny layout enclave extension extn sector sec sctr phase block blk pocket "
    "township town city village vill vlg villege gram grm grama post po tehsil tahsil taluk taluka mandal district dist "
    "distt ward society soc apartment apartments apts apt aptmt residency heights tower towers building bldg complex "
    "plaza mansion villa quarters qtrs estate camp cantonment line lines "
    # Hindi and its neighbours
    "gali galli gully mohalla moholla mohulla muhalla mohla tola toli tolla basti bastee bustee chawl chal wadi wada "
    "wadi pada gaon gaun gav gaav ganv goan khera kheda khurd kalan majra dhani dera purwa pura pur puram puri ganj "
    "gunj katra kucha chak garh vihar kunj niwas nivas bhawan bhavan bhuvan sadan kothi haveli bagh chowk chauk peth "
    "halli palya pet petta pettai palayam palle pally kuppam "
    # Bengali and its neighbours
    "para paara pallee polli palli sarani sarania bagan bagaan danga dangi bari baari lane gram goli pukur hat ghat nadi "
    "नगर गली रोड मार्ग ग्राम गांव गाँव मोहल्ला कॉलोनी कालोनी टोला बस्ती सड़क पोस्ट जिला तहसील वार्ड पुरा विहार सेक्टर भवन "
    "নগর রোড গ্রাম পাড়া পল্লী পল্লি সরণি সরণী লেন গলি বাজার পোস্ট জেলা থানা ওয়ার্ড কলোনি টোলা বাড়ি বাগান"
)
"""Words that say of which street, village or building an address speaks."""

_ENDINGS = (
    "nagar", "nagaram", "pur", "pura", "puram", "puri", "ganj", "gunj", "gaon", "gram", "tola", "para", "pally", "palli",
    "palle", "palya", "halli", "wadi", "garh", "khera", "abad", "patti", "danga", "gudem", "colony", "bazar", "vihar",
    "road",
)  # fmt: skip
_SHORTEST_STEM = 3
_NUMBER_WORDS = word_set(
    "hno hn house hse home flat plot door dno shop room ward block floor flr quarter qtr khasra makan makaan kothi "
    "plotno flatno houseno मकान फ्लैट প্লট বাড়ি ফ্ল্যাট"
)


_FILLERS = word_set(
    "na nil none null nan undefined unknown test tests testing tester dummy sample example fake temp tmp random abc abcd "
    "abcde abcdef xyz xyzz pqr pqrs asdf asd qwe qwer zxc zxcv blah foo bar address addr adress same"
)
_SHORT_WORDS = word_set(
    "no nos nr at po ps pt dt via vpo so co wo do mr mrs dr st th nd btm hsr mg jp rk krs hal nri iit nit"
)

_NOTHING = Reading(None, (NAN,) * len(ADDRESS_MEASURES))


def read_address(line1: str | None, line2: str | None, landmark: str | None, pincode: str | None) -> Reading:
    """An address, spelled as its letters and digits in order and the PIN code. Measures, NaN without any text:

    length in characters; words; digits; has a number (or a word that numbers a door); has a landmark; has a locality;
    share of words that say again what was said; share of characters that are signs; share of the longer words that
    nobody can read aloud (0 where there is none), or 1 where no word says anything of a place, as in `na`, `test 1234`.
    The PIN code is no text of the address.

    >>> read_address("12 MG Road", None, "near temple", "560001").measures[:6]
    (22.0, 5.0, 2.0, 1.0, 1.0, 1.0)
    """
    text = folded(" ".join([part for part in (line1, line2, landmark) if part]))
    if not text:
        return _NOTHING
    words = words_of(text)
    spelled = words if text.isascii() else letters_and_digits(text)
    return Reading(f"{' '.join(spelled)} {pincode or ''}".strip() if spelled else None, _measures(text, words))


def _measures(text: str, words: list[str]) -> tuple[float, ...]:
    n, counts = len(words), sum(map(_counts, words))
    digits, long, bad, number, landmark, locality, telling = [counts >> at & _MOST for at in _AT]
    nonsense = float(n > 0) if not telling else bad / long if long else 0.0
    signs = len(text) - text.count(" ") - len("".join(words))
    return (
        float(len(text)), float(n), float(digits), float(number > 0), float(landmark > 0), float(locality > 0),
        1 - len(set(words)) / n if n else 0.0, signs / len(text), nonsense,
    )  # fmt: skip


@lru_cache(maxsize=65_536)
def _counts(word: str) -> int:
    """What one word adds to an address: digits; and whether it can be judged, is unreadable, numbers a door, says
    near what, says of which street or village, tells anything. Seven counts side by side in one integer, so that `sum`
    adds them all.
    """
    judged = len(word) >= SHORTEST and word.isascii() and word.isalpha()
    bad = judged and unreadable(word)
    landmark, locality = word in LANDMARK_WORDS, word in LOCALITY_WORDS or _names_a_place(word)
    counts = (
        sum(map(str.isdigit, word)),
        judged,
        bad,
        word[0].isdigit() or word in _NUMBER_WORDS,
        landmark,
        locality,
        landmark or locality or word in _NUMBER_WORDS or (not bad and _tells_something(word)),
    )
    return sum(count << at for count, at in zip(counts, _AT, strict=True))


_AT = (0, 24, 48, 72, 96, 120, 144)
"""The bit at which each count begins: no address has 16 million words."""
_MOST = 2**24 - 1


def _tells_something(word: str) -> bool:
    """Might the word name a place, a house or a person? Digits alone, letters in a row and fillers of forms do not, nor
    do short words, but for the names of villages and how people shorten what stands in an address."""
    if not word.isascii():
        return not word.isdigit()
    if word in _FILLERS or not any(map(str.isalpha, word)):
        return False
    if len(word) < SHORTEST or VOWELS.isdisjoint(word):
        return word in _SHORT_WORDS or word in _short_towns() or is_known(word)
    return True


@cache
def _short_towns() -> frozenset[str]:
    """Towns whose names are shorter than a word that is judged: Una, Mau, Leh."""
    return frozenset(town for town, _, _ in told_towns() if len(town) < SHORTEST)


def _names_a_place(word: str) -> bool:
    """A village or quarter written in one word, as Rampur or Sultanganj."""
    return any(word.endswith(end) and len(word) >= len(end) + _SHORTEST_STEM for end in _ENDINGS)

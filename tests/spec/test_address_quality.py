"""What the measures of an address mean: English, Hindi and Bengali, short rural addresses, and nonsense."""

import pytest

from data.contract import ADDRESS_MEASURES
from data.persons.addresses import read_address
from tests.helpers.tables import edges

ADDRESSES = """
address                                        | number | landmark | locality | gibberish | repeated
12 MG Road near the temple                     | 1      | 1        | 1        | 0.0       | 0.0
Flat B, Hill View Apartments                   | 1      | 0        | 1        | 0.0       | 0.0
H.No 4/2, 2nd Cross, HSR Layout                | 1      | 0        | 1        | 0.0       | 0.0
KPHB Colony Phase III                          | 0      | 0        | 1        | 0.0       | 0.0 | an acronym can be read
gali no 4 shiv mandir ke paas                  | 1      | 1        | 1        | 0.0       | 0.0 | romanised Hindi
makan 12 phlwari mohalla krshn ngr             | 1      | 0        | 1        | 0.0       | 0.0 | typed without vowels
ward 7 chhttsgrh bhawan ke samne               | 1      | 1        | 1        | 0.0       | 0.0
netaji sarani, purba para, school er kache     | 0      | 1        | 1        | 0.0       | 0.0 | romanised Bengali
12/a bidhan pally, pukur pashe                 | 1      | 1        | 1        | 0.0       | 0.0
शिव मंदिर के पास, वार्ड 4                          | 1      | 1        | 1        | 0.0       | 0.0
নেতাজি সরণি, স্কুল                               | 0      | 1        | 1        | 0.0       | 0.0
vill Rampur post Belapur                       | 0      | 0        | 1        | 0.0       | 0.0 | short, rural and whole
Sultanganj                                     | 0      | 0        | 1        | 0.0       | 0.0
opp hanuman mandir                             | 0      | 1        | 0        | 0.0       | 0.0
Plot 9, Plot 9, Indore                         | 1      | 0        | 0        | 0.0       | 0.4
asdfgh qwerty                                  | 0      | 0        | 0        | 1.0       | 0.0
aaaa street                                    | 0      | 0        | 1        | 0.5       | 0.0
xkjqzv, bcdfgh                                 | 0      | 0        | 0        | 1.0       | 0.0
jkjkjkjk hahahaha                              | 0      | 0        | 0        | 1.0       | 0.0
abc                                            | 0      | 0        | 0        | 1.0       | 0.0 | says nothing of a place
na                                             | 0      | 0        | 0        | 1.0       | 0.0
test 1234                                      | 1      | 0        | 0        | 1.0       | 0.0
xyz aaa kjhk                                   | 0      | 0        | 0        | 1.0       | 0.0
At Mau                                         | 0      | 0        | 0        | 0.0       | 0.0 | a village of three letters
H No 12                                        | 1      | 0        | 0        | 0.0       | 0.0 | a door, if nothing else
Flat 302                                       | 1      | 0        | 0        | 0.0       | 0.0
HSR 27th main                                  | 1      | 0        | 1        | 0.0       | 0.0
test road 4                                    | 1      | 0        | 1        | 0.0       | 0.0 | a word of a form beside a street
मऊ                                             | 0      | 0        | 0        | 0.0       | 0.0
"""


@pytest.mark.parametrize(("address", "number", "landmark", "locality", "gibberish", "repeated"), edges(ADDRESSES))
def test_an_address_is_as_good_as_it_can_be_found(
    address: str, number: str, landmark: str, locality: str, gibberish: str, repeated: str
) -> None:
    told = dict(zip(ADDRESS_MEASURES, read_address(address, None, None, None).measures, strict=True))
    names = ("has_number", "has_landmark", "has_locality", "gibberish", "tokens_repeated")
    found = [round(told[f"address_{name}"], 3) for name in names]
    assert found == [float(v) for v in (number, landmark, locality, gibberish, repeated)]


COUNTS = """
address             | length | words | digits | symbols
12 MG Road          | 10     | 3     | 2      | 0.0
#12, MG-Road        | 12     | 3     | 2      | 0.25
शिव मंदिर              | 9      | 2     | 0      | 0.0 | a vowel sign belongs to its letter
!!!                 | 3      | 0     | 0      | 1.0
"""


@pytest.mark.parametrize(("address", "length", "words", "digits", "symbols"), edges(COUNTS))
def test_what_is_counted_of_an_address(address: str, length: str, words: str, digits: str, symbols: str) -> None:
    told = dict(zip(ADDRESS_MEASURES, read_address(address, None, None, None).measures, strict=True))
    found = [told[f"address_{name}"] for name in ("length", "words", "digits", "symbols_share")]
    assert found == [float(v) for v in (length, words, digits, symbols)]

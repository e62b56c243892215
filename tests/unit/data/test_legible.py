"""Which words can be read aloud: judged on a list of genuine address words and on one of nonsense."""

import random
import string
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.persons import legible
from data.persons.legible import mean_log2, unreadable
from data.persons.text import word_set
from data.places import load_register
from data.reference.build import build_letter_pairs

GENUINE = word_set(
    "ambedkar anganwadi apartment aptmt apts arogya aspatal asthan aushadhalaya bada badi bagal bagan bagh "
    "ballygunge bara bari basti bazaar bazar behind beside betta bhagirathpur bharatpur bhavan bhawan bhel "
    "bhilwara bhiwandi bhubaneswar bhvn bldg block bolpur brahman brahmin brindaban brooklyn bsnl btm building "
    "bustee buzurg bypass chak chakk chandni char chauk chawl cheri cheruvu chhapra chhatisgarh chhatrapati "
    "chhattisgarh chhindwara chhota chhoti chinsurah chowk chowki chuchura church clny college colony cross "
    "crossing crpf daakghar dak dakshin danga daryaganj dera devasthan dighi dist dlf dnyandeep dnyaneshwar "
    "dnyaneshwari doddi dokan door dukaan dukan dumdum dwarka enclave extension extn faridabad flat floor flr "
    "gadh gali gandhi ganj gaon garh gaun ghar ghat ghatkopar ghaziabad girja govt gram greenpark grm gtb gudem "
    "gurgaon gurudwara gurugram gyan halli hanuman hauzkhas haveli hdfc heights highway hospital house hse hsptl "
    "hsr hundi hutatma hwy indraprastha jadavpur jagir jawaharlal jhansi jharkhand jheel jhunjhunu jila jn "
    "jnanpith jnpt junction jyotiba jyotish kache kachhe kalan karolbagh ke kendra kere khal khandwa khas khera "
    "kheri khurd kirana knightsbridge kot kothi kotla kottai kphb kranti krantiveer krishna krishnagiri "
    "krishnanagar krshn kshatriya kshetra kshirpai kshudiram kunj kuppam kurukshetra kushinagar lakhimpur lakshmi "
    "lakshmibai lansdowne laxmi laxminagar layout lightship maharaj maharashtra mahatma mahavidyalaya maidan main "
    "majra mandal mandi mandir mansion marg market masjid matchfactory math mehrauli mirzapur mkt mndr mohalla "
    "mohla moholla muzaffarpur nagar nai nala nallur nandurbar nangal naya nayi near nehru netaji ngr nhpc nivas "
    "niwas northbrook ntpc nullah office opp opposite osmanabad paas palem palle palli pally panchayat panchkula "
    "panchsheel panchvati para pas paschim pashe pass path patti patty peeche pet peta pettai phase phatak "
    "phlwari phs phule pichhe pitampura pithoragarh plot pocket pokhar police poschim post pragati pratap prthvi "
    "pul pur pura puram purana purani purba puri qtr qtrs quarters rabindra raebareli railway rajasthan "
    "ramkrishna rd residency rhythm richmond rishra rly road rohini sachivalaya sadan saket sambhal samne samner "
    "sangharsh sangharshnagar sarani saraswati savitribai schl school sctr sector setu shantiniketan shivaji shop "
    "shree shri shringar shrngr shrungar shyambazar smarak smt soc society sonajhuri sreerampore srirampur "
    "srirangapatna stage station stn street strength strt subhash swarnjayanti swasthya tahsil talab taluk taluka "
    "taran tarn tehsil temple thakurdwara thana thiruvananthapuram tiruchirappalli tol tola tollygunge towers "
    "township tukaram twp udhampur uttar uttarakhand uttorpara vagu vangaon vidyalay vidyalaya vihar vill village "
    "vivekananda vizianagaram vrindavan wada wadi ward wardha watchmaker westminster workshop worldtrade wrd "
    "yavatmal zila zilla"
)
NONSENSE = word_set(
    "aaaa aaaaaa ababab alskdj asdasd asdf asdfgh asdfghjkl asdsad bbbbbb bcdfgh blahblah bnmbnm bvncmx cdcdcdcd "
    "cdevfr cvbcvb ddddd dfgdfg dfkjgh dfsdfs dgdgdgdg dhfjgk dsadsa dsfjkl dsgdsg edcrfv eiruty ertert ewrewr "
    "fdsa ffffff fgfgfg fghfgh fhskdjf fjdksl fjweiof fsdfsd gdfgdf gfdsa ggggg ghjghj ghtyuj gjhgjh gkdlsj "
    "hahahaha hehehehe hgfhgf hgjfkd hhhhhh hjhjhj hjkhjk hjkl iqwuey iuyiuy jfhdks jhgfdsa jhgjhg jjjjj jkjkjkjk "
    "jkljkl kjhkjh kjsdhf kkkkkk kmnbgf kxjwq lalalala lkjhg lksdjf mnbvcx mnhgtr nbvnbv nmzbxc nnnnnnn oiwejf "
    "pkjhqx plmkoijn plokij poiuyt pqowie qazwsx qlwkej qpwoei qqqqq qweqwe qwer qwerty qwertyuiop qzxwv rfvtgb "
    "rtgfvb rtyrty sadasd sdfsdf sdkjfh sfdsfd skdjfhk sldkfj ssssss tyrueiw tyutyu uhbygv uiouio uqvxz vbhgty "
    "vbnvbn vcxzqw vnbmcx vvvvvv vxcvxc wieurh wqeqwe wqpoeiu wrewrw wsxedc wvtrzq wxzqp xcvxcv xkjqzv xmcnvb "
    "xqzuvo xswqaz xxxx xxxxxxx xyxyxy yhnujm yuyuyu zkxjch zmxncb zqjxk zxcvbn zxcvbnm zxczxc zzzzz"
)


def test_genuine_words_can_be_read() -> None:
    """English, Hindi, Bengali and southern words, shortened ones, acronyms: at most one in a hundred is called nonsense."""
    judged = sorted(GENUINE)
    assert len(judged) >= 200
    assert sum(map(unreadable, judged)) <= 0.01 * len(judged), [word for word in judged if unreadable(word)]


def test_nonsense_cannot_be_read() -> None:
    judged = sorted(NONSENSE)
    assert len(judged) >= 100
    assert sum(map(unreadable, judged)) >= 0.9 * len(judged), [word for word in judged if not unreadable(word)]


def test_letters_at_random_cannot_be_read() -> None:
    draw = random.Random(5)
    made = ["".join(draw.choices(string.ascii_lowercase, k=draw.randint(5, 9))) for _ in range(2_000)]
    assert sum(map(unreadable, made)) >= 0.85 * len(made)


def test_the_names_of_districts_can_be_read() -> None:
    names = sorted({str(name).lower() for name in load_register().district})
    bad = [name for name in names if any(map(unreadable, name.split()))]
    assert len(bad) <= 0.005 * len(names), bad


@pytest.mark.parametrize(
    "word",
    [
        "krshn",
        "shrngr",
        "chhttsgrh",
        "phlwari",
        "bldg",
        "ntpc",
        "kphb",
        "viii",
        "xyz",
        "शिव",
        "a1b2c3",
        "iiit",
        "heights",
    ],
)
def test_what_people_write_is_no_nonsense(word: str) -> None:
    assert not unreadable(word)


@pytest.mark.parametrize("word", ["asdf", "poiuy", "asdasd", "aaaa", "hellooo", "hahaha", "ababab", "bcdfg", "xqzuvo"])
def test_keyboard_runs_drumming_and_letters_at_random_are_nonsense(word: str) -> None:
    assert unreadable(word)


def test_a_slip_of_the_finger_in_a_long_word_is_no_nonsense() -> None:
    assert not unreadable("mavinahallli")


def test_usual_letters_are_likelier_than_unusual_ones() -> None:
    assert mean_log2("nagar") > mean_log2("krshn") > mean_log2("xqzuvo")


def test_letter_pairs_are_counted_in_distinct_words_and_english_ones_weigh_more(tmp_path: Path) -> None:
    table = {"office_name": ["Rampur BO", "RAMPUR S.O", None], "district": ["Zzyx", None, "Zzyx"]}
    pq.write_table(pa.table(table), tmp_path / "in.parquet")
    assert build_letter_pairs(tmp_path / "in.parquet", tmp_path / "out.csv") == 2
    counts = dict(line.split(",") for line in (tmp_path / "out.csv").read_text().splitlines())
    english = legible.WORDS_FILE.read_text().split()
    assert counts["zy"] == str(1 + 20 * sum(word.count("zy") for word in english))
    assert counts["mp"] == str(1 + 20 * sum(word.count("mp") for word in english))

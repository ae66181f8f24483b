"""Text that says no charset, or a wrong one, is read as what its letters are; and Western European
as it always was, in every length."""

from __future__ import annotations

import base64
import codecs
import encodings
import pkgutil
import time
from collections.abc import Iterator

import pytest

from cocmail.core.charsets import codec_of, decode, says
from cocmail.core.headers import readable
from cocmail.core.people import Address, Mailbox, Private
from cocmail.core.unlabelled import likely
from tests.core.test_mail import mail, multipart, part
from tests.corpora.mails import CORPORA

# Article 1 of the Universal Declaration of Human Rights, or what a reporter may write.
FOREIGN = {
    "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и "
    "совестью.": ("cp1251", "koi8-r", "iso8859-5", "cp866"),
    "Иван Петров угрожал мне на встрече": ("cp1251", "koi8-r", "iso8859-5", "cp866"),
    "Жалоба на Боба": ("cp1251", "koi8-r", "iso8859-5"),
    "Всі люди народжуються вільними і рівними у своїй гідності та правах.": ("cp1251", "koi8-u"),
    "Олексій Шевченко пише мені щоночі": ("cp1251", "koi8-u"),
    "Усе людзі нараджаюцца свабоднымі і роўнымі ў сваёй годнасці і правах.": ("cp1251",),
    "Всички хора се раждат свободни и равни по достойнство и права.": ("cp1251",),
    "Сва људска бића рађају се слободна и једнака у достојанству и правима.": ("cp1251",),
    "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια.": ("cp1253",),
    "Ο Γιώργος Παπαδόπουλος με απειλεί": ("cp1253", "iso8859-7"),
    "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם.": ("cp1255", "iso8859-8"),
    "דוד כהן מאיים עלי כל לילה": ("cp1255", "iso8859-8"),
    "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق.": ("cp1256", "iso8859-6"),
    "أحمد يهددني كل ليلة": ("cp1256", "iso8859-6"),
    "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。": (
        "cp932", "euc_jp",
    ),
    "田中さんに脅されました": ("cp932", "euc_jp"),
    "会議でのハラスメントについて": ("cp932", "euc_jp"),
    "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心": ("gb18030", "hz"),
    "王伟在会上威胁我": ("gb18030", "hz"),
    "人人生而自由,在尊嚴和權利上一律平等。他們賦有理性和良心": ("big5",),
    "陳大文在會議上威脅我": ("big5",),
    "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.": (
        "cp949", "iso2022_kr",
    ),
    "김철수가 회의에서 저를 협박했습니다": ("cp949", "iso2022_kr"),
    "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ": ("cp874",),
}  # fmt: skip
WESTERN = (
    "Alle Menschen sind frei und gleich an Würde und Rechten geboren; Jörg Öztürk weiß, daß er "
    "mich „süß“ fände. Größe, Maß, Äußerung, Übermüdung – für 50 € … §5",
    "Tous les êtres humains naissent libres et égaux ; à Noël, François a été créée « où ? » "
    "Œuvre, cœur, naïve, ça. Ô déçue, l’été dernier, ÉTÉ",
    "Todos los seres humanos nacen libres e iguales. ¿Quién? ¡Él! José Peña Muñoz me llamó «ñoña» "
    "en la reunión el sábado, según Íñigo y Óscar",
    "Todos os seres humanos nascem livres e iguais. João não pôde, São Conceição; às vezes há avó, "
    "avô, irmãs, corações e mães à mesa",
    "Tutti gli esseri umani nascono liberi; è più, perché però così è. È là, Niccolò disse «città»",
    "Alle mensen worden vrij geboren; één idee, ’s avonds, coëfficiënt, ‘’ “” Zoë en Andreé",
    "Alla människor är födda fria; Åsa Öberg gick på ö, å och älv. ÄNNU på sjön, Håkan, Märta",
    "Alle mennesker er født frie; Bjørn på ø, Åse, Ærø, været, blå, KØBENHAVN, Sørensen æder æg",
    "Kaikki ihmiset syntyvät vapaina; sää, pää, yöä, hää, Pöyhönen, ÄÄNI, SISÄÄN KÄYTTÄJÄ, työtä",
    "Hver maður er borinn frjáls; Þú, það, Ægir, Jón Þór Ólafsson, ÞÚ EKKI, RÖÐU, ðá, íþróttir",
    "Tots els éssers humans; l’Òscar i la Núria, col·legi, això, però, perquè, à, è, ò, ç",
    "Alle menslike wesens; ’n mens, ’n dag, ’n “goeie” ’n, ê, hoë, reël, ’n “” van ’n “”",
    "Saolaítear gach duine; Éire, Seán Ó Súilléabháin, tá, mé, sé, Úna Ní Bhriain, BÁN, ó, í",
    "Të gjithë njerëzit lindin të lirë; është, për, që, Çdo, çështje, ËSHTË",
    "I said “no” — he said ‘yes’… It’s £50 ± 5 %, 20 °C, ½ of © 2026 ® ™ • café, naïve, résumé",
    "Ñ, ß, æ, ø, þ, ð, ÿ, Š, Ž, š, ž, €",
)  # fmt: skip


def beginnings(text: str) -> Iterator[str]:
    """By words, and some words alone; in capitals too."""
    words = text.split(" ")
    for n in range(1, len(words) + 1):
        for some in (words[:n], words[n - 1 : n + 1]):
            yield from (" ".join(some), " ".join(some).upper())


@pytest.mark.parametrize(
    ("text", "charset"), [(text, one) for text, every in FOREIGN.items() for one in every]
)
def test_a_text_that_says_no_charset_is_read(text: str, charset: str) -> None:
    data = text.encode(charset)
    assert decode(data) == text
    assert decode(data, "us-ascii") == text
    assert decode(data, "x-unknown") == text
    assert decode(b"Hello,\r\n\r\n" + data + b"\r\n\r\n-- \r\nhttps://a.example/") == (
        f"Hello,\r\n\r\n{text}\r\n\r\n-- \r\nhttps://a.example/"
    )
    if not data.isascii():
        assert decode(data, "utf-8") == text, "as wrong as none"
    if len(text) > 25 and not data.isascii():
        assert decode(data, "iso-8859-1") == text, "what programs put on everything"


@pytest.mark.parametrize(
    ("label", "codec"),
    [("shift_jis", "cp932"), ("euc-jp", "euc_jp"), ("gb2312", "gb18030"), ("big5", "big5hkscs"),
     ("euc-kr", "cp949")],
)  # fmt: skip
def test_a_label_that_can_t_be_right_is_none(label: str, codec: str) -> None:
    """By some of these any bytes are text, and then the label counts."""
    wrong = 0
    for text, charsets in FOREIGN.items():
        for data in (text.encode(charset) for charset in charsets if len(text) > 25):
            try:
                data.decode(codec)
            except UnicodeError:
                assert decode(data, label) == text
                wrong += 1
    assert wrong > 2
    assert decode("Größe".encode("cp1252"), label) == decode(
        "Größe".encode("cp1252"), label, asking=False
    )


@pytest.mark.parametrize("text", WESTERN)
def test_western_text_is_read_as_ever(text: str) -> None:
    for one in beginnings(text):
        try:
            data = one.encode("cp1252")
        except UnicodeError:
            continue  # some letters have no capital there
        for label in ("", "us-ascii", "utf-8", "iso-8859-1", "windows-1252"):
            assert decode(data, label) == one


IN_CYRILLIC = ("koi8-r", "koi8-u", "windows-1251", "iso-8859-5", "cp866", "x-mac-cyrillic")


@pytest.mark.parametrize("label", IN_CYRILLIC)
@pytest.mark.parametrize("charset", IN_CYRILLIC)
def test_cyrillic_under_the_label_of_another_is_read(label: str, charset: str) -> None:
    told = 0
    for text in (text for text in FOREIGN if len(text) > 35 and "а" in text):
        try:
            data = text.encode(codec_of(charset))
        except UnicodeError:
            continue
        word = f"=?{label}?B?{base64.b64encode(data).decode()}?="
        if {charset, label} == {"windows-1251", "x-mac-cyrillic"}:
            continue  # the same but for capitals and one letter
        assert decode(data, label) == text
        assert decode(b"Hello,\r\n" + data, label) == f"Hello,\r\n{text}"
        assert readable(word) == text
        assert mail(f"From: {word} <a@x.example>\n\nx").sender == Mailbox(
            name=Private(text), address=Address("a@x.example")
        )
        told += 1
    assert told > 1 or {charset, label} == {"windows-1251", "x-mac-cyrillic"}


@pytest.mark.parametrize("label", IN_CYRILLIC)
def test_cyrillic_under_its_own_label_is_read_as_ever(label: str) -> None:
    """Of few letters, of capitals, of none, of names, of signs and of frames the label counts."""
    for text in RIGHTLY_LABELLED:
        for one in {text, text.upper(), text.lower(), text.title(), *beginnings(text)}:
            try:
                data = one.encode(codec_of(label))
            except UnicodeError:
                continue  # it hasn't all of these letters
            if one.lower() in ("re: чп", "щи") and label == "iso-8859-5":
                continue  # UTF-8 by chance
            assert decode(data, label) == one
            word = f"=?{label}?B?{base64.b64encode(data).decode()}?="
            assert readable(word) == " ".join(one.split())


RIGHTLY_LABELLED = (
    *(text for text in FOREIGN if "а" in text),
    "Жюль Шевчук, Юсуфія Щука, Фёдор Шляпкин, Бэлла Хуан, Ян Цюй, Эцио Ву, Мбому Хух, Ыйи",
    "КЛЮЧ ФАЙЛ ПУЛС ППП ФРН ЖЖЖ Ыыы хм эээ ну фу БЛІЖЭЙШЫ Љубиша Ђорђевић Њујорк Ќерка Ѓорѓи",
    "Hello, я Bob, re: ЧП в IRC, ok; my name is Щука; съёмка xxx ъ",
    "╔══════════╗ ║ Имя ║ ╚══════════╝ │я│ты│ │МЭНЮ│МЭНЮ│ ▓▓▓▒▒▒░░░ ─────── ├── щи",
    "│МЭНЮ│МЭНЮ│",
    "│ў│ў│ў│ў│ў│",
    "«зв’язок» — об’єкт „№ 5“ ±3° §7 © ® ™ … €",
    "ааааааааа ЖЖЖЖЖЖЖЖЖ ыыыыыыыыы ъъъъъъъъъ",
)


def test_encoded_words_of_one_field_are_asked_together() -> None:
    words = [f"=?windows-1251?B?{base64.b64encode(w.encode('koi8-r')).decode()}?=" for w in
             ("Жалоба ", "на ", "участника ", "встречи")]  # fmt: skip
    assert readable(" ".join(words)) == "Жалоба на участника встречи"
    assert readable(f"{words[0]} (on) {words[2]}: {words[1]}") == "Жалоба (on) участника : на"
    own = f"=?koi8-r?B?{base64.b64encode('щи'.encode('koi8-r')).decode()}?="
    assert readable(f"{words[0]} {words[2]} {own}") == "Жалоба участника щи"


OF_OTHER_COUNTRIES = {
    "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni "
    "obdarzeni rozumem i sumieniem. Łukasz wciąż mi grozi, że przyjdzie.": ("cp1250", "iso8859-2"),
    "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Jsou nadáni rozumem a "
    "svědomím. Jiří mi vyhrožuje, že příště přijde.": ("cp1250", "iso8859-2"),
    "Minden emberi lény szabadon születik és egyenlő méltósága és joga van. Az őr azt mondta, hogy "
    "erőszakos volt, a nő pedig félt tőle, és a fiú is; gyűlölet volt.": ("cp1250", "iso8859-2"),
    "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana sahiptirler "
    "ve birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler.": ("cp1254",),
    "Visi žmonės gimsta laisvi ir lygūs savo orumu ir teisėmis. Jiems suteiktas protas ir sąžinė, "
    "jie turi elgtis vienas kito atžvilgiu kaip broliai, įžeidė mane.": ("cp1257", "iso8859-13"),
    "Visi cilvēki piedzimst brīvi un vienlīdzīgi savā pašcieņā un tiesībās. Viņi ir apveltīti ar "
    "saprātu un sirdsapziņu, un viņiem jāizturas citam pret citu brālības garā.": ("cp1257",),
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "charset"),
    [(text, one) for text, every in OF_OTHER_COUNTRIES.items() for one in every],
)
def test_latin_letters_of_other_countries_are_told_from_western_ones(
    text: str, charset: str
) -> None:
    data = text.encode(charset)
    for label in ("", "us-ascii", "utf-8", "iso-8859-1", "windows-1252"):
        assert decode(data, label) == text


@pytest.mark.parametrize(
    ("text", "charset", "label"),
    [
        ("Škoda", "cp1250", "iso-8859-2"),
        ("„Łukasz wciąż mi grozi” – źle", "cp1250", "iso-8859-2"),
        ("Wciąż mi grożą, że przyjdą, i są świadkowie", "iso8859-2", "windows-1250"),
        ("Příště přijde, což je škoda; těším se, že ne, šéfe", "iso8859-2", "windows-1250"),
        ("„Ά” – Άννα", "cp1253", "iso-8859-7"),
        ("“שלום”", "cp1255", "iso-8859-8"),
        ("„žinia“", "cp1257", "iso-8859-13"),
        ("“no” – it’s", "cp1252", "iso-8859-15"),
    ],
)
def test_a_set_of_windows_under_the_label_of_its_neighbour_is_read(
    text: str, charset: str, label: str
) -> None:
    data = text.encode(charset)
    assert decode(data, label) == text
    words = (f"=?{label}?B?{base64.b64encode(one).decode()}?=" for one in data.split(b" "))
    assert readable(" x ".join(words)) == text.replace(" ", " x ")


@pytest.mark.parametrize("charset", ["cp1250", "iso8859-2"])
def test_central_european_text_under_its_own_label_is_read_as_ever(charset: str) -> None:
    for text in (*OF_OTHER_COUNTRIES, "±3 µSv, 5 µm ±2 a±b ¦ ¬x «no» © ¶", "š ą ť » Ľ ¶ ±ab ¶cd é",
                 "Łódź, Šimůnek, Țepeș, Gödöllő, Č, ŠŤ, mąż, ľúť, źle"):  # fmt: skip
        for one in beginnings(text.encode(charset, "ignore").decode(charset)):
            data = one.encode(charset, "ignore")
            assert decode(data, charset) == data.decode(charset)


def test_quotation_marks_of_windows_stay_under_their_own_label() -> None:
    """Another program has quoted in ISO 8859-2; read as that, these would be controls."""
    quoted = "Wciąż mi grożą, że przyjdą, i są świadkowie".encode("iso8859-2")
    data = "„no” ".encode("cp1250") + quoted
    assert decode(data, "windows-1250") == data.decode("cp1250")


def test_names_from_other_countries_make_no_text_another() -> None:
    names = (
        "Jørgen Sørensen, José Peña, François Noël, Jürgen Groß, Zoë, Niccolò, Þór Ægisson, "
        "Åsa Öberg, João Conceição, Chloë Brontë, Søren Kierkegård, Bjørn Ødegård, Renée"
    )
    data = names.encode("cp1252")
    assert decode(data) == names
    for text in WESTERN:
        known = text.encode("cp1252", "ignore")
        assert decode(known + b" " + data) == f"{known.decode('cp1252')} {names}"


@pytest.mark.parametrize("data", [b"a" * 300_000, b"\xb3" * 300_000, b"a\xb3\xea " * 80_000])
def test_letters_are_looked_at_quickly(data: bytes) -> None:
    began = time.thread_time()
    likely(data)
    assert time.thread_time() - began < 1


def test_utf_8_that_was_cut_or_stands_beside_something_else_is_utf_8() -> None:
    for text in (*FOREIGN, *WESTERN):
        whole = text.encode()
        for end in range(1, len(whole)):
            cut = whole[:end]
            assert decode(cut).rstrip("\ufffd")[:-3] in text
            assert not likely(cut), cut
        assert decode("Größe\n".encode("cp1252") + whole) == f"Größe\n{text}"
        assert decode(whole + "\nViele Grüße, Jörg".encode("cp1252")).startswith(text)


def test_all_mail_of_the_corpora_is_read_as_it_was() -> None:
    other = {
        path.name: decode(raw)
        for path in sorted(CORPORA.rglob("*.eml"))
        if not (raw := path.read_bytes()).isascii() and decode(raw) != decode(raw, asking=False)
    }
    assert sorted(other) == ["lhost-ezweb-02.eml", "lhost-ezweb-04.eml"]
    assert all("送信" in text or "メール" in text for text in other.values()), "rightly so"


def test_a_subject_and_names_without_a_charset_are_in_the_text_s() -> None:
    """Of few letters it could not be told."""
    text = "Иван угрожал мне. Пожалуйста, помогите"
    for charset in ("cp1251", "koi8-r"):
        head = b"Subject: " + "Боб".encode(charset) + b'\nFrom: "' + "Яна".encode(charset)
        found = mail(head + b'" <y@x.example>\n\n' + text.encode(charset))
        assert (found.subject, found.text) == ("Боб", text)
        assert found.sender is not None
        assert found.sender.name == "Яна"


def test_encoded_words_of_no_charset_are_asked_together() -> None:
    words = ["Жалоба", "на", "участника"]
    subject = " ".join(
        "=?unknown-8bit?Q?" + "".join(f"={b:02X}" for b in word.encode("koi8-r")) + "_?="
        for word in words
    )
    assert mail(f"Subject: {subject}\n\nx").subject == " ".join(words)


@pytest.mark.parametrize(
    ("label", "charset"),
    [
        (label, f"cp{page}")
        for page in (1250, 1251, 1252, 1253, 1257)
        for label in (f"win{page}", f"windows{page}", f"cp-{page}", f"Win-{page}", f"x-cp{page}",
                      f"cp_{page}", f"x-windows-{page}", f"microsoft-cp{page}")
    ] + [("ibm866", "cp866"), ("cp-850", "cp850"), ("ms932", "cp932"), ("cp936", "gb18030")],
)  # fmt: skip
def test_a_page_of_windows_is_known_by_its_number(label: str, charset: str) -> None:
    letters = b"\xe5\xe6" if charset.startswith("cp12") else b"\x83\x45"
    assert decode(letters, label) == letters.decode(charset)


@pytest.mark.parametrize(
    ("label", "data", "text"),
    [
        ("viscii", b"T\xa4t c\xe4 m\xf7i ng\xdf\xb6i sinh ra", "Tất cả mọi người sinh ra"),
        ("VISCII", b"Nguy\xadn V\xe5n", "Nguyễn Văn"),
        ("viscii", "Nguyễn Văn".encode(), "Nguyễn Văn"),
        ("euc-tw", b"\xc4\xa9\xc4\xa9\xc6\xed\xc8\xd4 a", "人人生而 a"),
        ("euc-tw", b"\x8e\xa2\xa1\xa1\x8e\xa3\xa1\xa1", "乂\ufffd"),
        ("iso-2022-cn", b"\x1b$)A\x0eHKHKIz\x0f a\r\n\x1b$)A\x0eWpQO\x0f", "人人生 a\r\n尊严"),
        ("iso-2022-cn", b"\x1b$)G\x0enyG_w;z+\x0f", "請回覆繼"),
        ("iso-2022-cn", b"\x1b$*H\x1bN!!, \x1bx\x0e", "乂, \x1bx"),
    ],
)  # fmt: skip
def test_what_python_does_not_know_is_read(label: str, data: bytes, text: str) -> None:
    assert decode(data, label) == text


def test_to_ask_the_letters_costs_little_however_many_there_are() -> None:
    words = b"".join(b"=?x%d?q?=E0=E1=E2=E3=E4?= a " % n for n in range(280))
    many = "".join(
        part("text/plain", chr(0x410 + n % 60) * 5 + f"{n}", f"X-Y: {n}\n") for n in range(190)
    )
    mails = {
        "parts": ("From: a@x.example\n" + multipart(many)).encode("cp1251", "replace"),
        "words": b"Subject: " + words + b"\nFrom: " + words + b"\nSender: " + words + b"\n\nx",
        "a word": b"\n\n\xe9" + b"a" * 1_000_000,
        "words of one letter": b"\n\n" + b"\xe9 " * 300_000,
        "shifted": b"\n\n" + b"~{" + b"<:" * 300_000,
    }
    for name, raw in mails.items():
        began = time.thread_time()
        mail(raw)
        assert time.thread_time() - began < 1, name


def test_a_label_is_read_as_far_as_labels_go() -> None:
    data = "Жалоба".encode("koi8-r")
    assert decode(data, "koi8-r (Cyrillic)") == "Жалоба"
    assert decode(data, '"koi8-r"(Cyrillic (Russian))') == "Жалоба"
    assert says("koi8-r" + "\f" * 8_000 + "(x")
    assert not says("\f" * 8_000 + " koi8-r")  # the square of its length, if it is read


def test_python_is_asked_for_no_label_that_it_would_keep_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: set[str] = set()
    look_up = codecs.lookup

    def lookup(name: str) -> codecs.CodecInfo:
        asked.add(name)
        return look_up(name)

    monkeypatch.setattr(codecs, "lookup", lookup)
    spelt = ("koi8{}r", "koi8-{}", "windows-{}", "x{}", "utf{}8")
    several = ("-" * 3, "_-" * 5, "+", ":", *map(str, range(10_000, 11_000)))
    readable(" ".join(f"=?{one.format(by)}?q?a?=" for by in several for one in spelt), most=10**6)
    assert asked <= {"koi8_r", "utf_8"}


def test_every_codec_of_python_s_for_a_charset_is_known() -> None:
    none = ("aliases", "charmap", "idna", "oem", "palmos", "punycode", "raw_unicode_escape")
    none += ("undefined", "unicode_escape", "mbcs", "utf_7")
    names = {one.name for one in pkgutil.iter_modules(encodings.__path__)} - {*none}
    for name in names:
        if not name.endswith("_codec") and name != "rot_13":
            assert codec_of(name), name

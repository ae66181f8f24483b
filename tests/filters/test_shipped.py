"""The filters that are shipped: each fires where it should, and stays quiet where it should."""

import ast
import base64
import importlib.util
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

import pytest

from cocmail.core.filtering import (
    Attached,
    Once,
    Pass,
    Said,
    SetAside,
    Urgent,
    Verdict,
    fold,
    packed,
    unpacked,
    view,
)
from cocmail.core.mail import Mail, read
from cocmail.core.people import Private
from tests.promises.play.room import ORDINARY

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "filters").glob("[0-9][0-9]-*.py"))
REPLIES = ROOT.parent / "shared/corpora/replies/input"


def module(name: str) -> ModuleType:
    path = ROOT / "filters" / name
    spec = importlib.util.spec_from_file_location("shipped_" + name[:2], path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


SPAM, URGENT = module("10-spam-flagged.py"), module("20-urgent.py")
PROGRAMS, ROBOTS = module("30-programs.py"), module("40-list-robots.py")
TWICE = module("35-sent-twice.py")


def judge(filter_: ModuleType, text: str, *, subject: str = "report", head: str = "") -> Verdict:
    raw = (
        f"{head}From: anna@example.net\nSubject: {subject}\n"
        f"Content-Type: text/plain; charset=utf-8\n\n{text}\n"
    ).encode()
    mail = read(raw)
    assert isinstance(mail, Mail)
    verdict = filter_.judge(view(raw, mail))
    assert isinstance(verdict, Verdict)
    return verdict


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_filter_imports_the_contract_and_the_standard_library_alone(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module or ""]
        for name in names:
            known = name.partition(".")[0] in sys.stdlib_module_names
            assert known or name == "cocmail.core.filtering", name
    assert ast.get_docstring(tree)


@pytest.mark.parametrize(
    "head",
    [
        "X-Spam-Flag: YES\n",
        "X-Spam-Status: Yes, score=7.2 required=5.0 tests=BAYES_99\n",
        "X-Spam: Yes\n",
        "X-Spamd-Result: default: True [15.20 / 6.00];\n",
        "X-Rspamd-Action: add header\n",
        "X-MS-Exchange-Organization-SCL: 6\n",
        "X-Forefront-Antispam-Report: CIP:192.0.2.1;CTRY:;LANG:en;SCL:5;SRV:;IPV:NLI;SFV:SPM;\n",
        "X-Bogosity: Spam, tests=bogofilter\n",
        "X-Virus-Status: Infected (Eicar-Signature)\n",
        # What a sender wrote above or below doesn't hide what our server says.
        "X-Spam-Flag: NO\nX-Spam-Flag: YES\n",
        "X-Spam-Flag: YES\nX-Spam-Flag: NO\nX-Spam-Status: No\n",
        "X-Spam: No\n" * 200 + "X-Spam: Yes\n",
        "x-spam-status:\n Yes,\n score=9\n",
    ],
)
def test_marked_spam_is_set_aside(head: str) -> None:
    assert isinstance(judge(SPAM, "hello", head=head), SetAside)


@pytest.mark.parametrize(
    "head",
    [
        "",
        "X-Spam-Flag: NO\n",
        "X-Spam-Status: No, score=-1.1 required=5.0 tests=YES\n",
        "X-Spamd-Result: default: False [3.20 / 6.00]; ASN(0.00)[true]\n",
        "X-Rspamd-Action: no action\n",
        "X-Rspamd-Action: greylist\n",
        "X-Rspamd-Action: soft reject\n",
        "X-Spam-Status: No, score=4.9 required=5.0\n\ttests=YES_MAM\n",
        "Subject: X-Spam-Flag: YES\n",
        "X-Spam-Score: 14\n",
        "X-MS-Exchange-Organization-SCL: -1\n",
        "X-Forefront-Antispam-Report: CIP:192.0.2.1;SCL:1;SFV:NSPM;CAT:NONE;\n",
        "X-Virus-Status: Clean\n",
        "X-Bogosity: Ham\n",
    ],
)
def test_what_nobody_marked_passes(head: str) -> None:
    text = "He called me a slur: SPAM VIAGRA, and sent 'X-Spam-Flag: YES' in his mail."
    assert isinstance(judge(SPAM, text, head=head), Pass)


@pytest.mark.parametrize(
    "text",
    [
        "He said he will kill me.",
        "> I’ll\n> kill you, and nobody will care",
        "she wrote that she wants to kill herself",
        "I have received death threats since the release.",
        "he is standing outside my house right now",
        "He threatened to rape her at the conference",
        "I fear for my life",
        "I am in danger, please call",
        "they posted my home address on the forum",
        "He has a gun.",
        "He followed me to my hotel",
        "I feel suicidal because of this thread",
        "Er steht seit einer Stunde vor meiner Tür",
        "Er hat gesagt, er bringt mich um.",
        "Ich habe Morddrohungen bekommen",
        "Il a menacé de mort ma collègue",
        "Il a dit qu'il va me tuer",
        "Dijo que va a matarme",
        "recibí amenazas de muerte",
        "Recebi ameaças de morte",
        "Ho ricevuto minacce di morte",
        "Hij gaat me vermoorden",
        "Powiedział, że mnie zabije",
        "Он сказал, что убьёт меня",
        "Він сказав, що хоче вбити мене",
        "Jag har fått dödshot",
        "Beni öldüreceğini söyledi",
        "他说要杀了我",
        "殺してやると言われました",
        "هذا تهديد بالقتل",
        # as a hurried hand writes it, and an exact one
        "HE SAID HE WILL KILL ME",
        "Recebi ameacas de morte",
        "Il a dit qu'il va me TUER",
        "Er steht vor meiner Tuer",
        "Hij is al in levensgevaar",
        "Powiedzial ze mnie zabije, popelnie samobojstwo",
        "Olum tehdidi aldim",
        "Jag har fatt dodshot",
        "je suis en danger imme\u0301diat",
        "J’ai peur pour ma vie",
        "Temo per la mia vita: ho ricevuto MINACCE DI MORTE",
        "He did not say that he will kill me, but I think it.",
    ],
)
def test_danger_is_urgent(text: str) -> None:
    assert isinstance(judge(URGENT, text), Urgent)
    assert isinstance(judge(URGENT, "see subject", subject=text.replace("\n", " ")), Urgent)


@pytest.mark.parametrize(
    "text",
    [
        "He told me to kill the process and rerun the tests.",
        "kill -9 did nothing; the OOM killer killed my build, and it may kill yours",
        "This is a killer feature, and he shot down my proposal rudely.",
        "I could kill for a coffee; this thread kills me.",
        "He called my patch dead code, and me an idiot.",
        "There is a danger of losing data, he said, and swore at me.",
        "The suicide burn example in the docs is in bad taste.",
        "He attacked my argument, not the code, in an insulting way.",
        "She was following me on Mastodon and then blocked me.",
        "They are waiting at the office for your answer about the CoC.",
        "He posted insulting comments under my pull request for weeks.",
        "The end of life cycle discussion became hostile.",
        "Er hat mich im Kanal beleidigt, dann den Prozess getötet.",
        "Il y a un danger de régression, et il m'a insultée.",
        "Me insultó en la lista por mi parche, y hay peligro de regresión.",
        "He made a sexist joke during the call and touched my arm.",
        "Please send the fix with a knife-sharp diff, he mocked.",
        "> If you or somebody else is in immediate danger, call the police.",
        "> These are volunteers: if you are in danger, call the police first.",
        "You should try shooting an email to him, she told me.",
        "Il y a chez moi un serveur de test, il l'a insulté aussi.",
        "Hij heeft mij gevraagd het proces te doden.",
        "Zabij proces i uruchom ponownie, napisał mi bardzo niegrzecznie.",
        "Ha detto che il mio codice va ucciso, e mi ha insultato.",
        "O processo foi morto e ele me chamou de idiota.",
    ],
)
def test_ordinary_reports_are_not_urgent(text: str) -> None:
    assert isinstance(judge(URGENT, text), Pass)


# As people write in fear or in hate, a line each; and programmers about programs.
IN_OTHER_WORDS = """
Ich mach dich kalt
Ich stech dich ab, du Schlampe
Er hat ein Messer dabei
Er will mir etwas antun
Ich will einfach nur noch sterben
Er hat mir mit dem Tod gedroht
Er hat mich gestern vergewaltigt
Er weiß, wo wir wohnen
ich schlag dich tot
Je vais te buter
Il m'a violée à la conférence
Il a un couteau
Tu vas crever, connard
Il m'attend en bas de chez moi
je te tuerai
je n'ai plus envie de vivre
Te voy a matar, dijo
Me quiere matar
Tiene una pistola
Ya no quiero vivir
Me siguió hasta mi casa
Está afuera de mi casa
me violó anoche
te mato
ti ammazzo
Ti ammazzerò se parli
Mi ha stuprata
vuole ammazzarmi
ti uccido
Voglio farla finita
Ha un coltello
temo per la mia vita
Vou matar você
Ele me estuprou
Ele tem uma faca
Não quero mais viver
Vai te matar, ele escreveu
Tenho medo pela minha vida
Ik maak je dood
Hij heeft een mes
Hij heeft me met de dood bedreigd
ik wil niet meer leven
Ik vermoord je
hij heeft me verkracht
Zajebię cię
zajebie cie
Zgwałcił mnie
Nie chcę już żyć
Stoi pod moim domem
On ma nóż
Groził mi śmiercią
zabije cię
mam myśli samobójcze
Я тебя зарежу
Убью тебя, сука
Он угрожает мне ножом
Он стоит у моей двери
Не хочу больше жить
Он меня изнасиловал
Он знает, где я живу
боюсь за свою жизнь
Я тебе вб'ю
Уб’ю тебе
Він погрожує мені ножем
Він знає, де я живу
не хочу жити
Він стоїть під моїми дверима
Він мене зґвалтував
Seni gebertirim
Seni öldürürüm
Beni ölümle tehdit etti
Bana tecavüz etti
Artık yaşamak istemiyorum
Kapımın önünde bekliyor
Silahı var
BENİ ÖLDÜRECEK
我要杀了你
他说要弄死我
我不想活了
他強姦了我
他拿着刀
他在我家门口
殺了妳
他知道我住在哪里
ぶっ殺すぞ
お前を殺す
死にたい
殺害予告を受けました
ナイフを持っています
家の前にいます
このままだと殺されるかもしれません
彼にレイプされました
널 죽일 거야
저를 죽이겠다고 했어요
죽고 싶어요
성폭행을 당했습니다
칼을 들고 있어요
집 앞에 와 있어요
سوف أقتلك
هددني بالقتل
اغتصبني
أريد أن أموت
معه سكين
حياتي في خطر
هو أمام بيتي
بقتلك
im gonna kill u
kys
he wants me dead
there was a bomb threat against the venue
I dont want to live anymore
"""
OF_PROGRAMS = """
Der Prozess wurde vom OOM-Killer getötet, die Methode ist tot.
Die Methode bringt mich nicht weiter, der Server stirbt jede Nacht.
Er macht mich fertig mit seinen Reviews.
Schlag mir eine bessere Methode vor, der Build ist tot.
Das Skript bricht ab, mach es bitte auf.
Der Parser ist gestorben und sein Kommentar war eine Bombe.
Er hat eine Meinung zu mit einem Semikolon beendeten Zeilen.
Le serveur est mort, il faut tuer le processus.
Ce bug me tue, vraiment.
Il a un problème avec mon code et il m'a insultée.
La méthode exécute une bombe zip de test.
Il m'a envoyé un correctif, puis il a crevé le plafond mémoire.
El proceso murió y hay que matar el servidor.
Tiene una opinión sobre el método y me insultó.
Se ejecuta y muere; mata el proceso con kill -9.
La bomba zip de las pruebas me da miedo.
Il server è morto, bisogna uccidere il processo.
Il metodo esegue la bomba zip, mi ha insultata.
Ha un problema con il mio codice.
Il kernel uccide il processo quando finisce la memoria.
O servidor morreu, vou matar o processo.
Ele tem uma opinião sobre o método.
Executar a bomba zip derruba o servidor.
De server is dood, kill het proces.
Hij heeft een mening over de methode.
De OOM-killer doodt het proces, dat maakt de test kapot.
Maak je werk af voordat je mijn code bekritiseert.
Serwer padł, zabij proces.
Zabiłem proces, ale metoda nie działa.
On ma pretensje do mojego kodu.
Bomba zip w testach zawiesza serwer.
Убейте процесс и перезапустите сервер.
Сервер умер, я убил процесс.
У него есть мнение о методе.
Метод выполняет zip-бомбу в тестах.
Вбийте процес і перезапустіть сервер.
Сервер помер, метод не працює.
Sunucu öldü, süreci öldürün.
Metodu çalıştır, zip bombası testi var.
Bana hakaret etti ve yamamı reddetti.
请杀死进程然后重启服务器。
用kill命令杀掉进程，服务器死了。
把他的进程杀了
杀死他的进程
这个方法执行了zip炸弹测试。
プロセスが殺されました。
OOM killerに殺されたプロセスを調べてください。
プロセスを殺すコマンドです。
サーバが死んだ。メソッドを実行する。
カーネルに殺されました
프로세스를 죽이겠습니다.
서버가 죽었습니다. 프로세스를 죽여 주세요.
메서드를 실행하면 zip 폭탄 테스트가 돌아갑니다.
اقتل العملية ثم أعد تشغيل الخادم.
مات الخادم وتوقفت الطريقة عن العمل.
نفذ اختبار القنبلة المضغوطة.
Execute the method; it may bomb, and then kill the process.
kill them all with killall, the daemons are dead
The zip bomb test blows up the parser.
He wants the thread dead by Friday.
The office of the TLS wiki was hacked; dead code remains.
systemd will kill the unit, shoot me a mail.
Nie udało się zabić procesu 42: brak uprawnień
"""


def test_danger_in_other_words_is_urgent() -> None:
    lines = IN_OTHER_WORDS.strip().split("\n")
    assert [line for line in lines if not isinstance(judge(URGENT, line), Urgent)] == []


def test_talk_of_programs_is_not_urgent() -> None:
    lines = OF_PROGRAMS.strip().split("\n")
    assert [line for line in lines if not isinstance(judge(URGENT, line), Pass)] == []


def test_ordinary_mail_is_not_urgent() -> None:
    for path in sorted(REPLIES.glob("*.txt")):
        assert isinstance(judge(URGENT, path.read_text()), Pass), path.name


@pytest.mark.parametrize(
    "text", ["to kill " * 60_000, "a " * 200_000, ">" * 400_000, "he is standing " * 30_000]
)
def test_looking_is_quick(text: str) -> None:
    began = time.thread_time()
    judge(URGENT, text)
    assert time.thread_time() - began < 1.5


def attached(
    name: str, begins: bytes = b"hello", kind: str = "application/octet-stream"
) -> Verdict:
    """Through the parser: a name as a client writes it, a body as it comes."""
    coded = base64.b64encode(name.encode()).decode()
    raw = (
        "From: anna@example.net\nSubject: s\nContent-Type: multipart/mixed; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nlook at what he sent\n"
        f'--b\nContent-Type: {kind}; name="=?utf-8?b?{coded}?="\nContent-Disposition: attachment\n'
        f"Content-Transfer-Encoding: base64\n\n{base64.b64encode(begins).decode()}\n--b--\n"
    ).encode()
    mail = read(raw)
    assert isinstance(mail, Mail)
    seen = view(raw, mail)
    assert [" ".join(one.name.split()) for one in seen.attachments] == [" ".join(name.split())]
    verdict = PROGRAMS.judge(seen)
    assert isinstance(verdict, Verdict)
    return verdict


def entry(name: bytes) -> bytes:
    return b"PK\x03\x04" + b"\0" * 22 + len(name).to_bytes(2, "little") + b"\0\0" + name + b"data"


@pytest.mark.parametrize(
    "name",
    [
        "setup.exe", "SETUP.EXE", "photo.jpg.exe", "notes.exe.", "notes.exe . ", "x.scr::$DATA",
        "invoice.pdf                .exe", "run.bat", "a.ps1", "a.js", "a.lnk", "a.jar", "a.msi",
        "a.docm", "budget.xlsm", "disk.iso", "App.dmg", "a.\uff45\uff58\uff45", "a.e\u200bxe",
        "x.desktop", "a.exe'", "gpj.\u202eexe", "photo\u202egpj.exe", "cod\u202etxt.doc",
        "a\u2066b.txt",
    ],
)  # fmt: skip
def test_a_program_by_its_name_is_set_aside(name: str) -> None:
    assert isinstance(attached(name), SetAside)


@pytest.mark.parametrize(
    ("begins", "kind"),
    [
        (b"MZ\x90\x00\x03\x00\x00\x00", "image/jpeg"),
        (b"\x7fELF\x02\x01", "text/plain"),
        (b"\xcf\xfa\xed\xfe\x07", "application/octet-stream"),
        (b"\xca\xfe\xba\xbe\x00\x00", "application/octet-stream"),
        (b"L\x00\x00\x00\x01\x14\x02\x00", "application/octet-stream"),
        (entry(b"photo.jpg.exe"), "application/zip"),
        (b"?", "application/x-msdownload"),
        (b"?", "application/vnd.ms-excel.sheet.macroEnabled.12"),
    ],
)
def test_a_program_by_its_bytes_or_type_is_set_aside(begins: bytes, kind: str) -> None:
    assert isinstance(attached("holiday.jpg", begins, kind), SetAside)


def sent_on(inner: str, *, coded: bool = False, kind: str = "message/rfc822") -> str:
    """A mail with this one attached."""
    body = base64.encodebytes(inner.encode()).decode() if coded else inner
    how = "Content-Transfer-Encoding: base64\n" if coded else ""
    border = f"b{len(inner)}"
    return (
        f"From: anna@example.net\nContent-Type: multipart/mixed; boundary={border}\n\n"
        f"--{border}\n\nlook\n--{border}\nContent-Type: {kind}; name=a.eml\n{how}\n{body}\n"
        f"--{border}--\n"
    )


@pytest.mark.parametrize(
    ("name", "begins", "verdict"),
    [
        ("setup.exe", b"hello", SetAside),
        ("holiday.jpg", b"MZ\x90\x00\x03\x00", SetAside),
        ("holiday.zip", entry(b"photo.jpg.exe"), SetAside),
        ("cod\u202etxt.doc", b"hello", SetAside),
        ("holiday.jpg", b"\xff\xd8\xff", Pass),
        ("log.zip", entry(b"irc.log"), Pass),
    ],
)
def test_a_program_in_a_mail_that_was_sent_on_is_set_aside(
    name: str, begins: bytes, verdict: type[Verdict]
) -> None:
    inner = (
        "From: b@example.net\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nhello\n--c\n"
        f"Content-Type: application/octet-stream\nContent-Disposition: attachment; "
        f"filename*=utf-8''{quote(name)}\nContent-Transfer-Encoding: base64\n\n"
        f"{base64.b64encode(begins).decode()}\n--c--\n"
    )
    for raw in (
        sent_on(inner),
        sent_on(inner, coded=True),
        sent_on(inner, kind="application/octet-stream"),
        sent_on(sent_on(inner)),
    ):
        mail = read(raw.encode())
        assert isinstance(mail, Mail)
        assert unpacked(packed(view(raw.encode(), mail))) == view(raw.encode(), mail)
        assert isinstance(PROGRAMS.judge(view(raw.encode(), mail)), verdict)


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ('Content-Type: image/jpeg; name="evil.js"\nX: ; filename="photo.jpg"', SetAside),
        ("X: ; filename=\"evil.js\"; filename*=utf-8''photo.jpg", SetAside),
        ("X: ; filename=photo.jpg; filename=evil.js", SetAside),
        ("X: ; filename=photo.jpg\nX: ; filename=evil.js", SetAside),
        ("X: ; filename=evil.js photo.jpg", SetAside),
        ("X: ; filename*=utf-8''%FF%FEinvoice.js", SetAside),
        ("X: ; filename*=utf-8''evil.js%00.jpg", SetAside),
        *((f'X: ; filename="evil.js{end}"', SetAside) for end in ("/", "\\\\", "/. ", " /", "./")),
        ("X: ; filename=\"photo.jpg\"; filename*=utf-8''x%E2%80%AEgpj.txt", SetAside),
        ("X: ; filename=\"photo_.jpg\"; filename*=utf-8''photo%C3%BC.jpg", Pass),
        ('X: ; filename="evil.js/photo.jpg"', Pass),
    ],
)
def test_every_name_of_a_file_is_looked_at(fields: str, verdict: type[Verdict]) -> None:
    head = fields.replace("X:", "Content-Disposition: attachment")
    raw = (
        "From: anna@example.net\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nLook.\n"
        f"--b\n{head}\n\nhello\n--b--\n"
    ).encode()
    mail = read(raw)
    assert isinstance(mail, Mail)
    seen = view(raw, mail)
    assert unpacked(packed(seen)) == seen
    assert seen.attachments[0].names[0] == seen.attachments[0].name
    assert isinstance(PROGRAMS.judge(seen), verdict)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Look:\n\nbegin 644 evil.exe\n#0V%T\n`\nend", SetAside),
        ("begin 0755 my evil.exe\n#0V%T\n`\nend", SetAside),
        ("begin 644 evil.exe #0V%T ` end", SetAside),
        ("begin-base64 644 evil.js\nQ2F0\n====", SetAside),
        ("=ybegin line=128 size=123456 name=evil.exe\nx", SetAside),
        ("begin 644 photo.jpg\n#0V%T\n`\nend", Pass),
        ("I begin 644 evil.exe", Pass),
        ("begin with evil.exe, he said", Pass),
    ],
)
def test_a_file_within_the_text_is_looked_at(text: str, verdict: type[Verdict]) -> None:
    assert isinstance(judge(PROGRAMS, text), verdict)


def test_looking_for_files_in_a_text_is_quick() -> None:
    for text in ("begin 644 " * 40_000, "begin 644 x\n" * 30_000, "=ybegin " * 50_000):
        began = time.thread_time()
        judge(PROGRAMS, text)
        assert time.thread_time() - began < 1.5


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("screenshot.png", b"\x89PNG\r\n\x1a\n\0\0"),
        ("fix.patch", b"diff --git a b"),
        ("run.sh", b"#!/bin/sh"),
        ("bot.py", b"import re"),
        ("chat.html", b"<p>"),
        ("letter.docx", entry(b"[Content_Types].xml")),
        ("log.zip", entry(b"irc.log")),
        ("MZ.txt", b"MZ is what such files begin with"),
        ("what.exe is.txt", b"hello"),
        ("executive-summary.pdf", b"%PDF-1.7"),
        ("\u200f\u05e9\u05dc\u05d5\u05dd.pdf", b"%PDF-1.7"),
        ("x.zip", entry(b"a" * 600 + b".txt")[:512]),
    ],
)
def test_evidence_passes(name: str, begins: bytes) -> None:
    assert isinstance(attached(name, begins), Pass)


def test_a_mail_without_attachments_passes() -> None:
    assert isinstance(judge(PROGRAMS, "he sent me setup.exe"), Pass)


@pytest.mark.parametrize(
    ("sender", "subject", "aside"),
    [
        ("dev-owner@lists.example.org", "3 Dev moderator request(s) waiting", True),
        ("dev-bounces@lists.example.org", "Uncaught bounce notification", True),
        ("mailman@example.org", "Dev post from x@example.net requires approval", True),
        ("anna@example.net", "Re: 3 Dev moderator request(s) waiting", False),
        ("dev-owner@lists.example.org", "Somebody is harassed on our list", False),
        ("anna@example.net", "New subscription request", False),
    ],
)
def test_a_robots_notice_is_set_aside_and_a_persons_is_not(
    sender: str, subject: str, aside: bool
) -> None:
    raw = f"From: {sender}\nSubject: {subject}\n\nhello\n".encode()
    mail = read(raw)
    assert isinstance(mail, Mail)
    assert isinstance(ROBOTS.judge(view(raw, mail)), SetAside) is aside


@pytest.mark.parametrize("name", ["." * 100_000 + "x", "a.exe " * 20_000, "\u202a" * 50_000])
def test_names_are_looked_at_quickly(name: str) -> None:
    raw = b"From: anna@example.net\n\nhello\n"
    mail = read(raw)
    assert isinstance(mail, Mail)
    one = Attached(name=Private(name), content_type="text/plain", size=1)
    began = time.thread_time()
    PROGRAMS.judge(replace(view(raw, mail), attachments=(one,)))
    assert time.thread_time() - began < 1


def test_a_report_is_looked_for_among_those_sent_before() -> None:
    assert judge(TWICE, "He follows me to every meeting.") == Once()


@pytest.mark.parametrize(
    ("head", "text"),
    [
        ("", " "),
        ("Auto-Submitted: auto-replied\n", "I am away."),
        ("", "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----"),
    ],
)
def test_what_says_nothing_that_can_be_read_is_no_report_sent_before(head: str, text: str) -> None:
    assert judge(TWICE, text, head=head) == Pass()


def test_what_all_of_them_say_of_an_ordinary_report() -> None:
    """The plays of the promises take it for granted."""
    said = [judge(module(path.name), "He insulted me on the list.") for path in FILES]
    assert replace(fold(Said(name="", verdict=one) for one in said), said=()) == ORDINARY

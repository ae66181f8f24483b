"""The filters that are shipped: each fires where it should, and stays quiet where it should."""

import ast
import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from cocmail.core.filtering import Pass, SetAside, Urgent, Verdict, view
from cocmail.core.mail import Mail, read

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
    ],
)
def test_ordinary_reports_are_not_urgent(text: str) -> None:
    assert isinstance(judge(URGENT, text), Pass)


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

"""The story from the first mail to the last check, and what is said if it breaks.

Owns the order of the acts. Knows no server: the stage does. Called by `cocmail demo`.
"""

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from cocmail.demo.cast import ALICE, COMMITTEE, COMMUNITY, RAE
from cocmail.demo.decision import act_forgery, act_propose, act_vote
from cocmail.demo.enforcement import act_again, act_drift, act_removal, act_return, standing
from cocmail.demo.narrator import Narrator, StoryBroke
from cocmail.demo.opening import Opened, act_report, act_talk
from cocmail.demo.post import Post
from cocmail.demo.stage import Stage, set_up
from cocmail.lab.community import Refused
from cocmail.lab.dovecot import Dovecot
from cocmail.lab.process import LabError
from cocmail.lab.waiting import NotInTime

BROKEN = (
    StoryBroke,
    NotInTime,
    Refused,
    OSError,
    subprocess.SubprocessError,
    LookupError,
    ValueError,
)


def play(directory: Path | None, *, keep: bool) -> bool:
    """Tells it all; True if everything held. A folder that was not asked for is taken away."""
    tell = Narrator()
    scratch = (directory or Path(tempfile.mkdtemp(prefix="cocmail-demo-"))).resolve()
    scratch.mkdir(parents=True, exist_ok=True)
    held = False
    try:
        held = _play(scratch, tell, keep=keep)
    except LabError as failed:
        tell.failure("A server did not start", str(failed))
    finally:
        if directory is None and held and not keep:
            shutil.rmtree(scratch, ignore_errors=True)
        elif not held:
            tell.say(f"What there is to look at is in {scratch}.")
    return held


def _play(scratch: Path, tell: Narrator, *, keep: bool) -> bool:
    tell.chapter("Setting the stage, on loopback alone")
    with set_up(scratch, tell, keep=keep) as stage:
        try:
            _acts(stage, tell)
        except BROKEN as broke:
            tell.failure("The story broke", str(broke) or repr(broke))
            tell.failure("The end of the daemon's log", stage.daemon.log_tail())
            return False
        tell.console.print(
            f"\n[bold green]All {tell.checks} checks held[/], in {tell.elapsed:.0f} seconds."
        )
        if keep:
            _invite(stage, tell)
    return True


def _acts(stage: Stage, tell: Narrator) -> None:
    opened = act_report(stage, tell)
    act_talk(stage, tell, opened)
    before = standing(stage.mailman)
    proposed = act_propose(stage, tell, opened)
    act_forgery(stage, tell, proposed)
    post = Post(stage)
    act_vote(stage, tell, proposed)
    during = act_removal(stage, tell, proposed, post, before)
    act_again(stage, tell)
    act_drift(stage, tell)
    act_return(stage, tell, proposed, before, during)
    _close(stage, tell, opened)


def _close(stage: Stage, tell: Narrator, opened: Opened) -> None:
    tell.chapter("The case is closed, the record whole")
    post = Post(stage)
    stage.post(ALICE.client.answer(opened.copies[ALICE.address].data, "/close sanctioned"))
    post.each([member.address for member in COMMITTEE], "message")
    state = stage.daemon.ask("case", "list")[0]["state"]
    tell.check("the case is closed", state == "closed", found=state)
    ledger = stage.daemon.ask("ledger", "verify")
    tell.check(f"the ledger's {ledger['events']} events are whole", ledger["whole"] is True)
    status = stage.daemon.ask("status")
    waiting = status["mail"]["waiting"] + status["outbox"]["failed"]
    tell.check("no mail waits, none has failed", waiting == 0, found=status)


def _invite(stage: Stage, tell: Narrator) -> None:
    """How to join in with a mail client; returns at Ctrl-C."""
    imap = stage.imap
    tell.chapter("It goes on running: join in with a mail client")
    tell.say(f"SMTP  127.0.0.1:{stage.sink.port}, no encryption, no password")
    tell.say(f"IMAP  127.0.0.1:{imap.imap_port}, no encryption, password {imap.password}")
    if isinstance(imap, Dovecot):
        people = ", ".join([*(member.handle for member in COMMITTEE), "rae", "mallory"])
        tell.say(f"      log in as {people}, or any name of your own")
        tell.say("      (conduct is the daemon's own inbox: what it reads, it moves to Filed)")
    else:
        tell.say(f"      log in as {imap.username}: the daemon's own inbox. With Dovecot installed")
        tell.say("      everybody has a mailbox here, and you can answer as alice or bob.")
    tell.say(f"Write from {RAE.address}, or an address of your own, to {COMMUNITY};")
    tell.say(f"answer as {ALICE.address}: the provider's signature is added on the way.")
    tell.say(f"Mailman {stage.mailman.url}, user {stage.mailman.username}, password")
    tell.say(f"{stage.mailman.password}. COCMAIL_CONFIG={stage.daemon.configuration}")
    tell.say("Ctrl-C ends it all.")
    try:
        while stage.daemon.running:
            signal.sigtimedwait([signal.SIGUSR1], 1)
    except KeyboardInterrupt:
        tell.say("Ending.")

"""What a killed daemon had taken in hand is taken up by the next, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

LEASE = timedelta(minutes=2)


async def test_a_killed_daemons_leases_end_with_the_next_start(world) -> None:
    killed = await world.open()
    await killed.keep(world.mail("one"), world.clock.now())
    await world.case(killed, "c1")
    async with killed.transaction() as tx:
        await tx.queue([world.Letter(id="l1")])
    mail = await killed.claim_mail(world.clock.now(), LEASE)
    letter = await killed.claim_letter(world.clock.now(), LEASE)
    assert mail is not None
    assert letter is not None
    await world.close()

    started = world.clock.move(seconds=1)
    store = await world.open()
    assert await store.claim_mail(started, LEASE) is None
    assert await store.claim_letter(started, LEASE) is None
    await store.resume(started + LEASE)
    again = await store.claim_mail(started, LEASE)
    letter_again = await store.claim_letter(started, LEASE)
    assert again is not None
    assert again.id == mail.id
    assert again.attempts == 2
    assert letter_again is not None
    assert letter_again.message == letter.message


async def test_our_own_leases_stay(world) -> None:
    store = await world.open()
    started = world.clock.now()
    await store.keep(world.mail("one"), started)
    assert await store.claim_mail(started, LEASE) is not None
    await store.resume(started + LEASE)
    assert await store.claim_mail(started, LEASE) is None


async def test_what_is_settled_is_not_taken_up(world) -> None:
    store = await world.open()
    started = world.clock.now()
    await store.keep(world.mail("one"), started)
    mail = await store.claim_mail(started, LEASE)
    assert mail is not None
    async with store.transaction() as tx:
        await tx.settle_mail(mail.id, state="filed", case=None)
    await store.resume(started + LEASE + LEASE)
    assert await store.claim_mail(started + LEASE + LEASE, LEASE) is None

"""Every row of the registry can be reached by key, by palette and by help."""

import pytest
from textual.binding import Binding

from avrdeck.protocol.errors import Fault
from avrdeck.tui import actions
from avrdeck.tui.actions import ACTIONS, Scope
from avrdeck.tui.offering import Offering
from avrdeck.tui.palette import ActionProvider, reachable
from avrdeck.tui.screens.backups import BackupsScreen
from avrdeck.tui.screens.burn import BurnScreen
from avrdeck.tui.screens.deck import DeckScreen
from avrdeck.tui.screens.doctor import DoctorScreen
from avrdeck.tui.screens.fault import FaultScreen
from avrdeck.tui.screens.fusewrite import FuseWriteScreen
from avrdeck.tui.screens.help import HelpText
from avrdeck.tui.screens.hexview import HexScreen
from avrdeck.tui.screens.inventory import InventoryScreen
from avrdeck.tui.screens.patch import PatchScreen
from avrdeck.tui.screens.trace import TraceScreen
from avrdeck.tui.screens.upload import UploadScreen
from avrdeck.tui.screens.wiring import WiringScreen

ON_THE_DECK = {Scope.APP, Scope.DECK, Scope.CONNECTION, Scope.FUSES, Scope.MEMORY, Scope.CONSOLE}


def test_ids_and_keys_are_unique():
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    for scope in Scope:
        keys = [key for action in actions.of(scope) for key in action.keys.split(",")]
        assert len(keys) == len(set(keys)), scope


PLAIN = {
    Scope.TRACE: TraceScreen,
    Scope.BURN: BurnScreen,
    Scope.UPLOAD: UploadScreen,
    Scope.DOCTOR: DoctorScreen,
    Scope.BACKUPS: BackupsScreen,
    Scope.COMPARED: BackupsScreen,
    Scope.INVENTORY: InventoryScreen,
    Scope.WIRING: WiringScreen,
}
"""Screens that need the session only."""


def screen_for(scope: Scope, session):
    if scope in PLAIN:
        return PLAIN[scope](session)
    if scope is Scope.WRITE:
        return FuseWriteScreen(session, session.draft.toggled("hfuse", 3))
    if scope is Scope.FAULT:
        return FaultScreen(Fault("Something", advice="Do this."))
    session.maps["flash"].data[:] = bytes(session.maps["flash"].size)
    return HexScreen(session, "flash", 0) if scope is Scope.HEX else PatchScreen(session, "flash")


@pytest.mark.parametrize("scope", list(Scope), ids=lambda scope: scope.name.lower())
async def test_every_action_has_a_home_a_key_a_palette_entry_and_help(deck, scope, monkeypatch):
    monkeypatch.setattr(Offering, "check_action", lambda *_: True)  # as if everything could be done now
    async with deck() as bench:
        if scope not in ON_THE_DECK:
            await bench.app.push_screen(screen_for(scope, bench.session))
            await bench.pilot.pause()
        screen = bench.app.screen
        homes = {action.id: home for action, home in reachable(screen)}
        provider = ActionProvider(screen)
        found = [hit async for hit in provider.discover()]
        help_text = HelpText([scope])
        shown = "\n".join(row.text for row in help_text.paint(100))
        for action in actions.of(scope):
            home = homes[action.id]
            name = action.method.partition("(")[0]
            target = bench.app if name.startswith("app.") else home
            assert hasattr(target, f"action_{name.removeprefix('app.')}"), action.id
            keys = bound_keys(home)
            assert set(action.keys.replace("question_mark", "?").split(",")) <= keys | {"?"} or action.id in {
                binding.id for binding in bindings_of(home)
            }, action.id
            assert action.help.rstrip(".")[:40] in shown, action.id
            if action.id != "app.palette":
                assert any(action.help.rstrip(".") == str(hit.display) for hit in found), action.id


def bindings_of(home) -> list[Binding]:
    return [binding for bindings in home._bindings.key_to_bindings.values() for binding in bindings]


def bound_keys(home) -> set[str]:
    return set(home._bindings.key_to_bindings)


async def test_what_is_shown_of_a_key_is_the_one_that_works(deck):
    """Footer, help and palette name the keys of the settings; a key that is taken has one row."""
    async with deck(keys={"deck.burn": "t", "burn.board": "o"}, size=(200, 60)) as bench:
        footer = bench.text("#footer")
        assert "t burn" in footer
        assert "b burn" not in footer
        assert "trace" not in footer
        await bench.press("b")
        assert isinstance(bench.app.screen, DeckScreen)
        found = [hit async for hit in ActionProvider(bench.app.screen).discover()]
        helps = {str(hit.display): hit.help for hit in found}
        assert helps["Burn a board's bootloader"] == "deck: t"
        await bench.press("question_mark")
        assert "   t              Burn a board's bootloader." in bench.text("#help-text")
        await bench.press("escape", "t")
        assert isinstance(bench.app.screen, BurnScreen)
        await bench.until(lambda: "o board" in bench.text("#footer"))
        assert "o chooses one" in bench.text("#job-sheet")
    async with deck() as bench:
        assert "b burn" in bench.text("#footer"), "another app has its own"


async def test_keys_are_remapped_by_the_settings(deck):
    async with deck(keys={"fuses.toggle": "a"}) as bench:
        await bench.press("2", "right", "a")
        assert bench.session.draft.changes == 1
        await bench.press("space")
        assert bench.session.draft.changes == 1

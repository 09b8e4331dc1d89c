"""Checks the ledger of every account until the time is up."""

from collections.abc import Callable, Iterator

from openmind_llm.classes import dataclass
from openmind_llm.domain.ledger.inspection import Inspection, MovingError
from openmind_llm.errors import GatewayError


@dataclass(frozen=True, slots=True)
class Checked:
    """One account: what was found, or why it was not checked ("" if it was)."""

    account_id: str
    found: tuple[str, ...] = ()
    unchecked: str = ""


class Ledgers:
    """`account_ids` gives all of them; `shuffled` puts them into an order of chance, so that no account is always last.

    Blocking. Each account is told as soon as it is known: whoever is stopped in the midst has told what was found.
    """

    def __init__(
        self,
        account_ids: Callable[[], list[str]],
        inspection: Callable[[str], Inspection],
        now: Callable[[], float],
        shuffled: Callable[[list[str]], list[str]],
    ) -> None:
        self._account_ids = account_ids
        self._inspection = inspection
        self._now = now
        self._shuffled = shuffled

    def check(self, until: float) -> Iterator[Checked]:
        """None is begun after `until`; one may take longer. Raises LedgerUnavailableError for the list of them."""
        for account_id in self._shuffled(self._account_ids()):
            yield self._checked(account_id) if self._now() < until else Checked(account_id, unchecked="no time left")

    def _checked(self, account_id: str) -> Checked:
        try:
            return Checked(account_id, tuple(self._inspection(account_id).discrepancies()))
        except MovingError:
            return Checked(account_id, unchecked="too much is going on")
        except GatewayError as error:
            return Checked(account_id, unchecked=type(error).__name__)

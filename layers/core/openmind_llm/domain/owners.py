"""What users do with their own account: its id is the user's, and a closed one is as good as none."""

import contextlib
from collections.abc import Mapping
from typing import Any

from openmind_llm.domain import keys
from openmind_llm.domain.accounts import AccountExistsError, Accounts
from openmind_llm.domain.key_settings import KeyRules, KeySettings
from openmind_llm.domain.plans import Plan
from openmind_llm.domain.ports import KnownAccount, KnownKey
from openmind_llm.errors import InvalidRequestError, KeyNotFoundError, NoSuchUserError

OVERLAP_S = 86_400
"""How long a rotated key's old secret stays good where nothing else is asked for."""


class Owners:
    """An account is opened with its first key, on `default_plan`; on none if that is empty. Blocking.

    Everything raises LedgerUnavailableError. Keys of others raise KeyNotFoundError, as if they were not there.
    """

    def __init__(self, accounts: Accounts, rules: KeyRules, default_plan: str) -> None:
        self._accounts = accounts
        self._rules = rules
        self._default_plan = default_plan

    def account(self, user: str) -> tuple[KnownAccount, Plan]:
        """Raises NoSuchUserError."""
        known = self._accounts.get(user)
        if not known.account.is_active:
            raise NoSuchUserError
        return known, self._accounts.plan(known.account)

    def keys(self, user: str) -> list[KnownKey]:
        return self._accounts.keys(user) if self._has_account(user) else []

    def create_key(self, user: str, asked: Mapping[str, Any]) -> tuple[str, KnownKey]:
        """The key, and what is stored of it. Raises InvalidRequestError, NoSuchUserError, KeyLimitError."""
        fields = dict(asked)
        mode = fields.pop("mode", None)
        mode = keys.MODES[0] if mode is None else mode
        if mode not in keys.MODES:
            raise InvalidRequestError(f"mode must be one of {', '.join(keys.MODES)}")
        settings = self._rules.read(fields, KeySettings())
        self._open(user)
        return self._accounts.create_key(user, user, settings, keys.mint(mode))

    def update_key(self, user: str, key_id: str, asked: Mapping[str, Any]) -> KnownKey:
        """Raises InvalidRequestError, KeyNotFoundError."""
        self._require_account(user)
        return self._accounts.change_key(user, key_id, lambda settings: self._rules.read(asked, settings), user)

    def rotate_key(self, user: str, key_id: str, overlap_s: object) -> tuple[str, KnownKey]:
        """Raises InvalidRequestError, KeyNotFoundError."""
        if type(overlap_s) is not int:
            raise InvalidRequestError("overlap_seconds must be an integer")
        self._require_account(user)
        return self._accounts.rotate_key(user, key_id, overlap_s, user)

    def delete_key(self, user: str, key_id: str) -> None:
        """Raises KeyNotFoundError."""
        self._require_account(user)
        self._accounts.delete_key(user, key_id, user)

    def _open(self, user: str) -> None:
        if self._default_plan:
            with contextlib.suppress(NoSuchUserError):
                self.account(user)
                return
            with contextlib.suppress(AccountExistsError):
                self._accounts.open(user, self._default_plan, user)
        self.account(user)

    def _has_account(self, user: str) -> bool:
        try:
            self.account(user)
        except NoSuchUserError:
            return False
        return True

    def _require_account(self, user: str) -> None:
        if not self._has_account(user):
            raise KeyNotFoundError

"""Logins: what makes a token one of ours. Real keys, and an issuer on a real socket."""

import base64
import hmac
import json
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from openmind_llm.errors import UserNotFoundError
from openmind_llm.identity.oidc import MAX_LENGTH, OidcLogins
from tests import fake_issuer
from tests.fake_issuer import FakeIssuer, jwk, signed
from tests.fakes import FakeClock

USER = "user_2abcDEF"
RSA, OTHER_RSA, EC = fake_issuer.rsa_key(), fake_issuer.rsa_key(), fake_issuer.ec_key()


class World:
    """An issuer with one RSA key, called "rsa", and one EC key, called "ec"."""

    def __init__(self, issuer: FakeIssuer) -> None:
        self.issuer = issuer
        self.clock = FakeClock()
        self.logins = self.logins_for("")
        issuer.publishes(jwk(RSA, "rsa", alg="RS256", use="sig"), jwk(EC, "ec"))

    def logins_for(self, audience: str) -> OidcLogins:
        return OidcLogins(self.issuer.url, audience, self.clock)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Those of a good login, with some replaced; a value of `...` removes the claim."""
        now = int(self.clock.now)
        good = {"iss": self.issuer.url, "sub": USER, "iat": now, "nbf": now, "exp": now + 60}
        return {name: value for name, value in (good | changes).items() if value is not ...}

    def token(self, key: Any = RSA, algorithm: str = "RS256", kid: str | None = "rsa", **changes: Any) -> str:
        return signed(self.claims(**changes), key, algorithm, kid)

    def refuses(self, token: str) -> bool:
        with pytest.raises(UserNotFoundError) as refusal:
            self.logins.user(token)
        return str(refusal.value) == "User not found"


@pytest.fixture
def world() -> Iterator[World]:
    with FakeIssuer() as issuer:
        yield World(issuer)


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"x") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def raw(claims: Any, **header: Any) -> str:
    """A good signature under whatever is said: PyJWT itself would not write some of it."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return jwt.api_jws.encode(payload, RSA, "RS256", headers={"kid": "rsa", **header})


def test_a_login_signed_with_rsa_is_its_user(world: World) -> None:
    assert world.logins.user(world.token()) == USER


def test_a_login_signed_with_an_elliptic_curve_is_its_user(world: World) -> None:
    assert world.logins.user(world.token(EC, "ES256", "ec")) == USER


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
def test_a_key_that_names_no_algorithm_serves_all_of_its_kind(world: World, algorithm: str) -> None:
    world.issuer.publishes(jwk(RSA, "any"))

    assert world.logins.user(world.token(RSA, algorithm, "any")) == USER


def test_other_curves_are_accepted_too(world: World) -> None:
    longer, edwards = fake_issuer.ec_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()
    world.issuer.publishes(jwk(longer, "longer"), jwk(edwards, "edwards"))

    assert world.logins.user(world.token(longer, "ES384", "longer")) == USER
    assert world.logins.user(world.token(edwards, "EdDSA", "edwards")) == USER


def test_without_an_issuer_every_login_is_refused(world: World) -> None:
    world.logins = OidcLogins("", "", world.clock)

    assert world.refuses(world.token())
    assert world.refuses(world.token(iss=""))


@pytest.mark.parametrize("issuer", ["https://id.example", ..., "", None, ["list"]])
def test_a_login_of_another_issuer_is_refused(world: World, issuer: Any) -> None:
    assert world.refuses(raw(world.claims(iss=issuer)))


def test_an_issuer_is_compared_to_the_letter(world: World) -> None:
    assert world.refuses(world.token(iss=world.issuer.url + "/"))


@pytest.mark.parametrize("claims", [{"aud": "app"}, {"aud": ["other", "app"]}, {"azp": "app"}])
def test_a_login_for_our_audience_is_its_user(world: World, claims: dict[str, Any]) -> None:
    assert world.logins_for("app").user(world.token(**claims)) == USER


@pytest.mark.parametrize(
    "claims",
    [{}, {"aud": "other"}, {"aud": ["application"]}, {"aud": []}, {"aud": "other", "azp": "app"}, {"azp": ["app"]}],
)
def test_a_login_for_another_audience_is_refused(world: World, claims: dict[str, Any]) -> None:
    world.logins = world.logins_for("app")

    assert world.refuses(world.token(**claims))


def test_without_an_audience_of_ours_any_will_do(world: World) -> None:
    assert world.logins.user(world.token(aud="whoever")) == USER


def test_an_expired_login_is_refused(world: World) -> None:
    token = world.token()
    before = world.logins.user(token)
    world.clock.now += 60

    assert before == USER
    assert world.refuses(token)


@pytest.mark.parametrize("expires", [..., True, "9999999999", 1e300, float("inf"), float("nan")])
def test_a_login_that_does_not_say_when_it_ends_is_refused(world: World, expires: Any) -> None:
    assert world.refuses(raw(world.claims(exp=expires)))


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_a_login_from_the_future_is_refused(world: World, name: str) -> None:
    assert world.refuses(raw(world.claims(**{name: int(world.clock.now) + 31})))


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_an_issuer_whose_clock_is_a_little_ahead_is_believed(world: World, name: str) -> None:
    assert world.logins.user(raw(world.claims(**{name: int(world.clock.now) + 30}))) == USER


def test_a_login_needs_no_beginning(world: World) -> None:
    assert world.logins.user(world.token(nbf=..., iat=...)) == USER


@pytest.mark.parametrize("subject", ["a", "x" * 128, "auth0|5f7c:a@b.c-d_e"])
def test_a_user_id_may_be_what_issuers_make(world: World, subject: str) -> None:
    assert world.logins.user(world.token(sub=subject)) == subject


@pytest.mark.parametrize("subject", [..., None, "", "x" * 129, "a b", "a#b", "a\n", "ü", 7, ["user"]])
def test_another_user_id_is_refused(world: World, subject: Any) -> None:
    assert world.refuses(raw(world.claims(sub=subject)))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, ["RS256"], {}, "HS256"])
def test_a_token_without_a_signature_is_refused(world: World, algorithm: Any) -> None:
    assert world.refuses(unsigned({"alg": algorithm, "kid": "rsa"}, world.claims()))
    assert world.refuses(unsigned({"alg": algorithm, "kid": "rsa"}, world.claims(), b""))


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_the_public_key_is_no_shared_secret(world: World, encoding: Encoding) -> None:
    published = RSA.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    said = unsigned({"alg": "HS256", "kid": "rsa"}, world.claims()).rpartition(".")[0]
    signature = base64.urlsafe_b64encode(hmac.digest(published, said.encode(), "sha256")).rstrip(b"=").decode()

    assert world.refuses(f"{said}.{signature}")


def test_a_published_shared_secret_signs_nothing(world: World) -> None:
    secret = base64.urlsafe_b64encode(b"s" * 32).rstrip(b"=").decode()
    world.issuer.publishes({"kty": "oct", "kid": "oct", "k": secret, "alg": "HS256"})

    assert world.refuses(signed(world.claims(), b"s" * 32, "HS256", "oct"))


def test_a_token_of_another_key_is_refused(world: World) -> None:
    assert world.refuses(world.token(OTHER_RSA))


def test_a_changed_token_is_refused(world: World) -> None:
    header, _, signature = world.token().split(".")
    changed = world.token(sub="somebody_else").split(".")[1]

    assert world.refuses(f"{header}.{changed}.{signature}")


@pytest.mark.parametrize(
    ("key", "algorithm", "published"),
    [
        (RSA, "RS384", {"alg": "RS256"}),
        (RSA, "RS256", {"use": "enc"}),
        (RSA, "RS256", {"kty": "EC"}),
        (EC, "ES256", {"crv": "P-384"}),
        (EC, "ES256", {"alg": "RS256"}),
    ],
)
def test_a_key_signs_only_what_its_issuer_has_it_for(
    world: World, key: Any, algorithm: str, published: dict[str, str]
) -> None:
    world.issuer.publishes(jwk(key, "one", **published))

    assert world.refuses(world.token(key, algorithm, "one"))


def test_an_algorithm_that_is_not_on_the_list_is_refused(world: World) -> None:
    world.issuer.publishes(jwk(RSA, "any"))

    assert world.refuses(world.token(RSA, "PS512", "any"))


def test_a_curve_that_is_not_on_the_list_is_refused(world: World) -> None:
    key = ed448.Ed448PrivateKey.generate()
    world.issuer.publishes(jwk(key, "edwards"))

    assert world.refuses(world.token(key, "EdDSA", "edwards"))


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_key_that_is_too_short_signs_nothing(world: World) -> None:
    short = fake_issuer.rsa_key(1024)
    world.issuer.publishes(jwk(short, "short"))

    assert world.refuses(world.token(short, "RS256", "short"))


def test_the_only_key_needs_no_name(world: World) -> None:
    world.issuer.publishes(jwk(RSA, "only"))

    assert world.logins.user(world.token(kid=None)) == USER


def test_one_of_several_keys_needs_its_name(world: World) -> None:
    assert world.refuses(world.token(kid=None))


def test_a_token_with_an_unknown_critical_extension_is_refused(world: World) -> None:
    assert world.refuses(raw(world.claims(), crit=["x"], x=1))


@pytest.mark.parametrize(
    "text", ["", "a", "a.b", "a.b.c", "a.b.c.d", "a.b.c.d.e", "é.b.c", "\ud800.b.c", "a.b.c\n", "..", "a b.c.d"]
)
def test_what_is_no_token_is_refused_without_asking_the_issuer(world: World, text: str) -> None:
    assert world.refuses(text)
    assert world.issuer.asked == []


@pytest.mark.parametrize("payload", [b"[]", b"7", b"{", b"\xff", b"[" * 3000])
def test_claims_that_are_no_object_are_refused(world: World, payload: bytes) -> None:
    assert world.refuses(raw(payload))


def test_a_huge_token_is_refused_without_asking_the_issuer(world: World) -> None:
    token = world.token(padding="x" * MAX_LENGTH)

    assert world.refuses(token)
    assert world.issuer.asked == []


def test_no_token_is_ever_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    tokens = [world.token(), world.token(OTHER_RSA), world.token(kid="unknown"), world.token(exp=1), "a.b.canary"]
    for token in tokens:
        for is_up in (True, False):
            world.clock.now += 3600
            world.issuer.replies = world.issuer.replies if is_up else {}
            with pytest.raises(UserNotFoundError) as refusal:
                world.logins.user(token)
            assert token.rpartition(".")[2] not in repr(refusal.value)

    shown = "".join(repr(record.__dict__) for record in caplog.records)

    assert "unreadable" in shown
    assert not [token for token in tokens if token.rpartition(".")[2] in shown]

"""Is a bundle what was signed, to the byte, or refused? Nothing in between, and never a crash."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from data.errors import Exit, GateRefused
from features.catalog import FEATURES, level_feature
from features.rates import Shrinkage
from training.bundle import FILES, FORMAT, Bundle, read_bundle, signing_key, write_bundle
from training.calibration import BetaCalibrator
from training.plan import Plan
from training.trees import Sample, Shape, fit_shape, probability

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
ASKED = (
    *(FEATURES[n] for n in ("buyer_refused_count", "pincode_rto_rate", "is_cod", "amount")),
    level_feature("state", "GOA"),
)
EVERYTHING = (*FILES, "MANIFEST.json", "SIGNATURE")


def rows(n: int = 400) -> Sample:
    rng = np.random.default_rng(4)
    x = np.round(np.abs(rng.normal(0.4, 0.3, (n, len(ASKED)))), 4)
    y = (rng.random(n) < probability(x[:, 0] + x[:, 2] - 1)).astype(float)
    x[rng.random(x.shape) < 0.1] = np.nan
    return Sample(x, y)


def made(share: float = 0.4, n_trees: int = 12) -> Bundle:
    model = fit_shape(rows(), ASKED, Shape(3, share, 3.0, n_trees), Plan())
    shrinkage = Shrinkage({"": 0.2, "pincode_rto_rate": 0.3}, {"pincode_rto_rate": {"pincode": 16.0}})
    return Bundle(model, ASKED, BetaCalibrator(1.1, 0.9, 0.05), shrinkage, {"name": "rto-risk-x"}, prepaid_known=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "one"
    write_bundle(folder, made(), rows().x[:20], KEY)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A bundle of the test's own to spoil."""
    return Path(shutil.copytree(whole, tmp_path / "bundle"))


@pytest.mark.parametrize("shape", [(0.4, 12), (0.0, 12), (1.0, 0)])
def test_what_is_read_answers_as_what_was_written(shape: tuple[float, int], tmp_path: Path) -> None:
    bundle, x = made(*shape), rows().x
    digest = write_bundle(tmp_path / "b", bundle, x[:20], KEY)
    again = read_bundle(tmp_path / "b", PUBLIC)
    np.testing.assert_array_equal(again.probability(x), bundle.probability(x))
    for one, other in zip(again.contributions(x), bundle.contributions(x), strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.digest == digest
    for name in ("features", "calibrator", "shrinkage", "about", "prepaid_known"):
        assert getattr(again, name) == getattr(bundle, name)


@pytest.mark.parametrize("shape", [(0.4, 12), (0.0, 12), (1.0, 0)])
def test_the_parts_of_a_read_bundle_add_up_to_its_margin(shape: tuple[float, int], tmp_path: Path) -> None:
    write_bundle(tmp_path / "b", made(*shape), rows().x[:20], KEY)
    bundle, x = read_bundle(tmp_path / "b", PUBLIC), rows().x
    parts, base = bundle.contributions(x)
    np.testing.assert_allclose(parts.sum(axis=1) + base, bundle.model.margin(x), atol=1e-5)


def test_writing_it_twice_gives_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    write_bundle(tmp_path / "again", made(), rows().x[:20], KEY)
    assert all((whole / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in EVERYTHING)


def flip(share: float, bit: int) -> Callable[[bytes], bytes]:
    def damage(content: bytes) -> bytes:
        at = min(int(share * len(content)), len(content) - 1)
        return content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :]

    return damage


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    **{f"bit {bit} at {share}": flip(share, bit) for share, bit in
       ((0, 0), (0.1, 5), (0.25, 3), (0.5, 7), (0.5, 0), (0.75, 1), (0.9, 6), (1, 0))},
    "emptied": lambda _: b"",
    "cut in half": lambda content: content[: len(content) // 2],
    "short of a byte": lambda content: content[:-1],
    "a byte too long": lambda content: content + b"\n",
    "doubled": lambda content: content * 2,
    "other bytes": lambda content: bytes(len(content)),
}  # fmt: skip


@pytest.mark.parametrize("name", EVERYTHING)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_bundle_is_refused(name: str, damage: str, folder: Path) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(DAMAGES[damage](content))
    with pytest.raises(GateRefused, match=r"MODEL00[12]") as refused:
        read_bundle(folder, PUBLIC)
    assert refused.value.exit_status == Exit.GATE_REFUSED
    assert refused.value.code == ("MODEL002" if name in FILES else "MODEL001")


@pytest.mark.parametrize("name", EVERYTHING)
@pytest.mark.parametrize("instead", ["nothing", "a folder"])
def test_a_bundle_that_lacks_a_file_is_refused(name: str, instead: str, folder: Path) -> None:
    (folder / name).unlink()
    if instead == "a folder":
        (folder / name).mkdir()
    with pytest.raises(GateRefused, match=r"MODEL00[12]"):
        read_bundle(folder, PUBLIC)


def test_no_folder_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GateRefused, match=r"MODEL001.*no signature"):
        read_bundle(tmp_path / "none", PUBLIC)


def test_another_installations_bundle_is_refused(folder: Path) -> None:
    with pytest.raises(GateRefused, match=r"MODEL001.*another signature"):
        read_bundle(folder, Ed25519PrivateKey.generate().public_key())


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_signed_bundle_is_refused(name: str, folder: Path, tmp_path: Path) -> None:
    write_bundle(tmp_path / "other", made(0.0, 5), rows().x[:9], KEY)
    shutil.copy(tmp_path / "other" / name, folder / name)
    with pytest.raises(GateRefused, match="MODEL002"):
        read_bundle(folder, PUBLIC)


@pytest.mark.parametrize("names", [("MANIFEST.json",), ("SIGNATURE",)])
def test_manifest_and_signature_belong_together(names: tuple[str, ...], folder: Path, tmp_path: Path) -> None:
    write_bundle(tmp_path / "other", made(0.0, 5), rows().x[:9], KEY)
    for name in names:
        shutil.copy(tmp_path / "other" / name, folder / name)
    with pytest.raises(GateRefused, match="MODEL001"):
        read_bundle(folder, PUBLIC)


def test_files_that_changed_places_are_refused(folder: Path) -> None:
    one, other = (folder / name for name in ("bundle.json", "golden.json"))
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    with pytest.raises(GateRefused, match="MODEL002"):
        read_bundle(folder, PUBLIC)


def signed_again(
    folder: Path, *, bundle: dict[str, Any] | None = None, golden: dict[str, Any] | None = None, **manifest: Any
) -> None:
    """Change what a bundle says and sign it properly: what a newer or older version of this program would do."""
    for name, change in (("bundle.json", bundle), ("golden.json", golden)):
        if change:
            path = folder / name
            path.write_text(json.dumps(json.loads(path.read_text()) | change))
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    text = json.dumps({"format": FORMAT, "files": digests} | manifest).encode()
    (folder / "MANIFEST.json").write_bytes(text)
    (folder / "SIGNATURE").write_bytes(KEY.sign(text))


def test_signed_again_unchanged_it_is_read(folder: Path) -> None:
    signed_again(folder)
    assert read_bundle(folder, PUBLIC).prepaid_known


def test_a_newer_format_is_refused_before_its_files_are_looked_at(folder: Path) -> None:
    signed_again(folder, format=FORMAT + 1, files={})
    with pytest.raises(GateRefused, match=r"MODEL003.*format 2"):
        read_bundle(folder, PUBLIC)


def test_features_of_another_meaning_are_refused(folder: Path) -> None:
    signed_again(folder, bundle={"fingerprint": "0" * 12})
    with pytest.raises(GateRefused, match=r"(?s)MODEL004.*another meaning.*retrain"):
        read_bundle(folder, PUBLIC)


@pytest.mark.parametrize("name", ["phone_mood", "planet=MARS"])
def test_a_feature_the_catalog_no_longer_has_is_refused(name: str, folder: Path) -> None:
    signed_again(folder, bundle={"features": [name, *(f.name for f in ASKED[1:])]})
    with pytest.raises(GateRefused, match=r"(?s)MODEL004.*retrain"):
        read_bundle(folder, PUBLIC)


def test_a_bundle_that_does_not_reproduce_its_golden_rows_is_refused(folder: Path) -> None:
    margins = json.loads((folder / "golden.json").read_text())["margins"]
    signed_again(folder, golden={"margins": [margins[0] + 1e-3, *margins[1:]]})
    with pytest.raises(GateRefused, match=r"MODEL005.*golden rows off by 0.001"):
        read_bundle(folder, PUBLIC)


def test_golden_margins_that_are_no_numbers_are_refused(folder: Path) -> None:
    signed_again(folder, golden={"margins": [float("nan")] * 20})
    with pytest.raises(GateRefused, match="MODEL005"):
        read_bundle(folder, PUBLIC)


def test_a_bundle_without_golden_rows_is_read(tmp_path: Path) -> None:
    write_bundle(tmp_path / "b", made(), rows().x[:0], KEY)
    assert read_bundle(tmp_path / "b", PUBLIC).model.n_trees == 12


def test_the_digest_changes_with_anything_in_it(tmp_path: Path) -> None:
    plain = made()
    others = [plain, replace(plain, about={"name": "y"}), replace(plain, prepaid_known=False), made(0.0),
              replace(plain, calibrator=BetaCalibrator())]  # fmt: skip
    digests = {write_bundle(tmp_path / str(i), b, rows().x[:5], KEY) for i, b in enumerate(others)}
    assert len(digests) == len(others)


def test_the_signing_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    one, other = (signing_key(tmp_path).public_key().public_bytes_raw() for _ in range(2))
    assert one == other
    assert (tmp_path / "keys" / "signing.key").stat().st_mode & 0o777 == 0o600
    assert signing_key(tmp_path / "elsewhere").public_key().public_bytes_raw() != one

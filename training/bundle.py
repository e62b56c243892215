"""A bundle: everything serving needs of a model, as a plain folder. Serving's only door into this room.

    bundle.json   features, linear part, calibrator, shrinkage, evidence, moments: numbers only; and of the order alone a
                  line with a calibrator of its own, for when there is no history to look at
    model.ubj     the trees
    golden.json   rows and their margins: what a loaded bundle must reproduce
    MANIFEST.json digests of the three;  SIGNATURE: Ed25519 over the manifest

A bundle is verified before any byte of it is parsed. Nothing in it is ever unpickled.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import xgboost as xgb
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from data.errors import GateRefused
from data.pool import secret_file
from features.catalog import Feature, Link, Sum, feature_named, fingerprint, needed_sums
from features.rates import Shrinkage
from training.calibration import BetaCalibrator
from training.linear import Linear
from training.shallow import AT_ONCE, ShallowTrees, shallow_trees
from training.tree_structure import TreesError, require_trees
from training.trees import Model, probability

Array: TypeAlias = np.ndarray[Any, Any]

FORMAT = 1
FILES = ("bundle.json", "golden.json", "model.ubj")
_GOLDEN_TOLERANCE = 1e-5  # margins; float32 trees on another processor
_PARTS_TOLERANCE = 1e-3  # what the reasons add up to; far below the 0.001 they are told in


@dataclass(frozen=True, slots=True)
class Bundle:
    """A model that can answer: from a feature row to a calibrated probability and its parts.

    about: what is told of it (name, run, moments, evidence, versions).  prepaid_known: enough prepaid outcomes to
    answer for prepaid.  digest: sha256 of the manifest, "" before it was written.  sums: what its features read.
    trees: shallow trees by lookup, the same to the last bit; None while in training, or where they are deep.
    order_only: answers where no history can be read; None in bundles of earlier versions.
    """

    model: Model
    features: tuple[Feature, ...]
    calibrator: BetaCalibrator
    shrinkage: Shrinkage
    about: dict[str, Any]
    prepaid_known: bool
    digest: str = ""
    sums: tuple[Sum | Link, ...] = ()
    trees: ShallowTrees | None = None
    order_only: "OrderOnly | None" = None

    def probability(self, x: Array) -> Array:
        """(n,) calibrated probability of RTO for (n, k) rows in the order of `features`."""
        return self.calibrated(self.margin(x))

    def calibrated(self, margin: Array) -> Array:
        """(n,) the same, of log-odds."""
        return np.asarray(self.calibrator.apply(probability(margin)))

    def margin(self, x: Array) -> Array:
        """(n,) uncalibrated log-odds."""
        return self.model.margin(x) if self.trees is None else _by_blocks(lambda some: self.seen(some).margin(), x)

    def contributions(self, x: Array) -> tuple[Array, float]:
        """(n, k) parts of the uncalibrated log-odds and their base."""
        if self.trees is None:
            return self.model.contributions(x)
        line, base = self.model.linear, self.trees.base
        parts = _by_blocks(lambda some: self.seen(some).contributions()[0], x)
        return parts, base if line is None else base + line.base

    def seen(self, x: Array) -> "Seen":
        """Rows of which both the log-odds and their parts are asked. Many are seen some at a time."""
        if self.trees is None or len(x) > AT_ONCE:
            return Seen(self, x)
        line = self.model.linear
        return Seen(self, x, self.trees.ways(x), None if line is None else line.contributions(x))


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What log-odds and their parts have in common, worked out once. ways: (n, t) in which the rows meet the trees; None:
    nothing was worked out.  of_line: (n, k) the line's parts, None without a line."""

    bundle: Bundle
    x: Array
    ways: Array | None = None
    of_line: Array | None = None

    def at(self, rows: Array) -> "Seen":
        """The same of some rows, in their order."""
        parts = (None if one is None else one[rows] for one in (self.ways, self.of_line))
        return Seen(self.bundle, self.x[rows], *parts)

    def margin(self) -> Array:
        """`Bundle.margin` of the rows."""
        trees, line = self.bundle.trees, self.bundle.model.linear
        if trees is None or self.ways is None:
            return self.bundle.margin(self.x)
        own = trees.margin_of(self.ways)
        return own if self.of_line is None or line is None else own + (self.of_line.sum(axis=1) + line.base)

    def contributions(self) -> tuple[Array, float]:
        """`Bundle.contributions` of the rows."""
        trees, line = self.bundle.trees, self.bundle.model.linear
        if trees is None or self.ways is None:
            return self.bundle.contributions(self.x)
        own = trees.contributions_of(self.ways)
        return (
            (own, trees.base) if self.of_line is None or line is None else (own + self.of_line, trees.base + line.base)
        )


@dataclass(frozen=True, slots=True)
class OrderOnly(Bundle):
    """A model that never saw history: a line on the order's own features alone, calibrated as that. It has no trees."""

    def margin(self, x: Array) -> Array:
        return np.asarray(self._line.margin(x))

    def contributions(self, x: Array) -> tuple[Array, float]:
        return self._line.contributions(x), self._line.base

    @property
    def _line(self) -> Linear:
        assert self.model.linear is not None, "a line is all it has"
        return self.model.linear


def order_only(bundle: Bundle, features: tuple[Feature, ...], line: Linear, calibrator: BetaCalibrator) -> OrderOnly:
    """What stands in for `bundle` without history, told of as that bundle is."""
    model = Model(tuple(feature.name for feature in features), line, None, 0)
    return OrderOnly(model, features, calibrator, bundle.shrinkage, bundle.about, bundle.prepaid_known, bundle.digest)


def _by_blocks(of: Callable[[Array], Array], x: Array) -> Array:
    """A function of rows, some rows at a time: what it makes on the way stays near the processor."""
    if len(x) <= AT_ONCE:
        return of(x)
    return np.concatenate([of(x[start : start + AT_ONCE]) for start in range(0, len(x), AT_ONCE)])


def write_bundle(folder: Path, bundle: Bundle, golden: Array, signing_key: Ed25519PrivateKey) -> str:
    """Write and sign a bundle; returns its digest. golden: (m, k) rows to remember the margins of."""
    folder.mkdir(parents=True, exist_ok=True)
    bundle.model.booster.save_model(folder / "model.ubj")
    (folder / "bundle.json").write_text(json.dumps(_as_dict(bundle), indent=1, sort_keys=True))
    rows = [[None if np.isnan(v) else v for v in row] for row in golden.tolist()]
    margins = bundle.model.margin(golden).tolist() if len(golden) else []
    (folder / "golden.json").write_text(json.dumps({"rows": rows, "margins": margins}))
    return _signed(folder, signing_key)


def rewrite_calibrator(
    source: Path, folder: Path, calibrator: BetaCalibrator, about: dict[str, Any], signing_key: Ed25519PrivateKey
) -> str:
    """Write and sign a bundle that differs from the one in `source` in its calibrator and in `about`, in nothing else.

    source: verified by `read_bundle` just before.  about: added to what is told of it. Returns the new digest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).write_bytes((source / name).read_bytes())
    saved = json.loads((folder / "bundle.json").read_text())
    saved |= {"calibrator": calibrator.as_dict(), "about": saved["about"] | about}
    (folder / "bundle.json").write_text(json.dumps(saved, indent=1, sort_keys=True))
    return _signed(folder, signing_key)


def _signed(folder: Path, signing_key: Ed25519PrivateKey) -> str:
    """Write manifest and signature of the files in `folder`; the digest."""
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    manifest = json.dumps({"format": FORMAT, "files": digests}, indent=1, sort_keys=True).encode()
    (folder / "MANIFEST.json").write_bytes(manifest)
    (folder / "SIGNATURE").write_bytes(signing_key.sign(manifest))
    return "sha256:" + hashlib.sha256(manifest).hexdigest()


def read_bundle(folder: Path, public_key: Ed25519PublicKey) -> Bundle:
    """Verify and load a bundle. Raises GateRefused: MODEL001 not signed by us, MODEL002 altered, MODEL003 from a
    newer version, MODEL004 the catalog has changed since, MODEL005 it does not reproduce its golden rows,
    MODEL006 its trees are none that can be walked."""
    manifest, content = _verified(folder, public_key)
    saved = json.loads(content["bundle.json"])
    features = _known_features(folder, saved)
    try:
        require_trees(content["model.ubj"], len(features), saved["n_trees"])
    except TreesError as error:
        to_do = "train again, and please report it"
        raise GateRefused("MODEL006", str(folder), got=str(error), expected="sound trees", to_do=to_do) from None
    booster = xgb.Booster()
    booster.load_model(bytearray(content["model.ubj"]))
    booster.set_param({"nthread": 1})
    linear = Linear.from_dict(saved["linear"]) if saved["linear"] else None
    model = Model(tuple(saved["features"]), linear, booster, saved["n_trees"])
    digest = "sha256:" + hashlib.sha256(manifest).hexdigest()
    shrinkage = Shrinkage(saved["shrinkage"]["prior"], saved["shrinkage"]["strength"])
    calibrator = BetaCalibrator.from_dict(saved["calibrator"])
    known, sums, trees = saved["prepaid_known"], needed_sums(features), shallow_trees(booster, len(features))
    bundle = Bundle(model, features, calibrator, shrinkage, saved["about"], known, digest, sums, trees)
    _check_golden(folder, bundle, json.loads(content["golden.json"]))
    if (alone := saved.get("order_only")) is None:
        return bundle
    own = _known_features(folder, alone)
    line = Linear.from_dict(alone["linear"])
    return replace(bundle, order_only=order_only(bundle, own, line, BetaCalibrator.from_dict(alone["calibrator"])))


def _known_features(folder: Path, saved: dict[str, Any]) -> tuple[Feature, ...]:
    got = "features of another meaning"
    try:
        features = tuple(feature_named(name) for name in saved["features"])
        if saved["fingerprint"] == fingerprint(features):
            return features
    except KeyError as error:
        got = f"a feature {error.args[0]!r}"
    to_do = "retrain: rto train, then rto promote"
    raise GateRefused("MODEL004", str(folder), got=got, expected="features of this version", to_do=to_do)


def _verified(folder: Path, public_key: Ed25519PublicKey) -> tuple[bytes, dict[str, bytes]]:
    """The manifest and the very bytes of each file that it vouches for."""
    try:
        manifest = (folder / "MANIFEST.json").read_bytes()
        public_key.verify((folder / "SIGNATURE").read_bytes(), manifest)
    except (OSError, InvalidSignature) as error:
        got = "no signature" if isinstance(error, OSError) else "another signature"
        expected, to_do = (
            "a bundle signed by this installation",
            "train here; or put back the signing.key it was made with",
        )
        raise GateRefused("MODEL001", str(folder), got=got, expected=expected, to_do=to_do) from error
    said = json.loads(manifest)
    if said["format"] > FORMAT:
        raise GateRefused("MODEL003", str(folder), got=f"format {said['format']}", expected=f"{FORMAT} or older",
                          to_do="upgrade rto-risk, or promote a model trained by this version")  # fmt: skip
    content = {}
    for name in FILES:
        path = folder / name
        content[name] = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content[name]).hexdigest() != said["files"].get(name):
            got = "content that differs from its digest" if path.is_file() else "no such file"
            raise GateRefused("MODEL002", str(path), got=got, expected="the bytes signed",
                              to_do="promote again: rto promote RUN; and find out who changed it")  # fmt: skip
    return manifest, content


def _check_golden(folder: Path, bundle: Bundle, golden: dict[str, Any]) -> None:
    if not golden["rows"]:
        return
    x = np.array([[np.nan if v is None else v for v in row] for row in golden["rows"]], dtype=np.float64)
    parts, base = bundle.contributions(x)
    _demand_margins(folder, bundle.margin(x), golden, _GOLDEN_TOLERANCE)
    _demand_margins(folder, parts.sum(axis=1) + base, golden, _PARTS_TOLERANCE)


def _demand_margins(folder: Path, margins: Array, golden: dict[str, Any], tolerance: float) -> None:
    off = float(np.max(np.abs(margins - np.array(golden["margins"]))))
    if not off <= tolerance:
        expected = f"margins within {tolerance}"
        raise GateRefused("MODEL005", str(folder), got=f"golden rows off by {off:.2g}", expected=expected,
                          to_do="promote again; if it stays, train again and please report it")  # fmt: skip


def _as_dict(bundle: Bundle) -> dict[str, Any]:
    return _line_as_dict(bundle) | {
        "n_trees": bundle.model.n_trees,
        "order_only": None if bundle.order_only is None else _line_as_dict(bundle.order_only),
        "shrinkage": {"prior": bundle.shrinkage.prior, "strength": bundle.shrinkage.strength},
        "prepaid_known": bundle.prepaid_known,
        "about": bundle.about,
    }


def _line_as_dict(bundle: Bundle) -> dict[str, Any]:
    return {
        "features": [f.name for f in bundle.features],
        "fingerprint": fingerprint(bundle.features),
        "linear": bundle.model.linear.as_dict() if bundle.model.linear else None,
        "calibrator": bundle.calibrator.as_dict(),
    }


def signing_key(home: Path) -> Ed25519PrivateKey:
    """The installation's signing key, made at first use under `home/keys`."""
    return Ed25519PrivateKey.from_private_bytes(secret_file(home / "keys" / "signing.key"))

"""The only place that reads the environment."""

import os
from dataclasses import dataclass
from pathlib import Path

NO_TELEMETRY = {
    "BENTOML_DO_NOT_TRACK": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_MODEL_CATALOG_URI": "",
}
"""Set before any library that would otherwise call home."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Settings:
    """home: run-time files.  mlruns: MLflow's.  host, port: where the service listens."""

    home: Path
    mlruns: Path
    host: str
    port: int


def settings() -> Settings:
    """Settings from the environment: RTO_HOME, RTO_MLRUNS, RTO_HOST, RTO_PORT."""
    return Settings(
        home=Path(os.environ.get("RTO_HOME", "var")).absolute(),
        mlruns=Path(os.environ.get("RTO_MLRUNS", "mlruns")).absolute(),
        host=os.environ.get("RTO_HOST", "127.0.0.1"),
        port=int(os.environ.get("RTO_PORT", "3333")),
    )


def silence_telemetry() -> None:
    """No command and no service of ours calls home."""
    os.environ.update(NO_TELEMETRY)

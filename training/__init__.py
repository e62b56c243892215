"""From matured orders to a calibrated probability."""

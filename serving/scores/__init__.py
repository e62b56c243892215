"""From rows to risks, reasons, sums and answers: for one order, a batch or a file."""

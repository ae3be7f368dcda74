"""Records a failed object version: failed zone, reason, notice."""

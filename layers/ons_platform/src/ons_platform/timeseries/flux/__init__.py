"""Raw Flux: parsed, followed, checked against an allow-list, bounded, written anew (QRY-4)."""

from ons_platform.timeseries.flux.guard import GuardedFlux, guard_flux
from ons_platform.timeseries.flux.limits import FluxLimits

__all__ = ["FluxLimits", "GuardedFlux", "guard_flux"]

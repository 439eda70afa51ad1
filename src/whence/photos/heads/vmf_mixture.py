"""A mixture of von Mises-Fisher patches from a network, fitted by likelihood: it says how sure it is.

Each photograph has patches of its own; or all share centres over the globe and each weighs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from whence._optional import require
from whence.earth import von_mises_fisher as vmf
from whence.earth.sphere import EARTH_RADIUS_M, from_unit_vectors, to_unit_vectors
from whence.errors import FormatError, InputError
from whence.photos.heads.cells import CellHead
from whence.photos.heads.clustering import k_means, nearest_center
from whence.photos.heads.fitting import Standardisation, check_enough, check_share, layer_sizes
from whence.photos.heads.mixtures import Mixtures
from whence.photos.heads.parts import value_of
from whence.photos.heads.perceptron import Perceptron

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whence.photos.heads.protocol import Task
    from whence.typing import Floats, Floats32, Json

__all__ = ["PatchStart", "VMFMixture", "VMFMixtureHead", "log_kappa_bounds"]

_WIDEST_M = 1.2e7
_STUDIED = 50_000  # positions that the first centres come from
_OUTPUTS = 5  # x, y, z, ln κ, ln weight


@dataclass(frozen=True, eq=False)
class VMFMixtureHead:
    """Patches from the outputs of a network.

    Attributes
    ----------
    network
        From features to m times x, y, z (of any length), ln κ before its bounds, and the logarithm of the
        weight.
    least_spread_m
        No patch is narrower, metres.
    """

    network: Perceptron
    least_spread_m: float

    kind: ClassVar[str] = "vmf-mixture"

    def __post_init__(self) -> None:
        if self.network.outputs % _OUTPUTS:
            raise FormatError(f"a patch has {_OUTPUTS} outputs; {self.network.outputs} do not fit")

    @property
    def dim(self) -> int:
        """Length of the vectors that it takes."""
        return self.network.dim

    def mixtures(self, features: Floats32) -> Mixtures:
        """Patches for each of n vectors (n, dim)."""
        patches = self.network.outputs // _OUTPUTS
        outputs = self.network(features).astype(np.float64).reshape(len(features), patches, _OUTPUTS)
        vectors = outputs[..., :3]
        vectors[np.abs(vectors).max(axis=-1) < 1e-12] = [1.0, 0.0, 0.0]  # no direction at all
        low, high = log_kappa_bounds(self.least_spread_m)
        log_kappa = low + np.logaddexp(0.0, outputs[..., 3] - low)
        log_kappa = high - np.logaddexp(0.0, high - log_kappa)
        return Mixtures(from_unit_vectors(vectors), outputs[..., 4], vmf.spread_m(np.exp(log_kappa)))

    def to_parts(self) -> tuple[Json, dict[str, NDArray[Any]]]:
        """Give all that is needed to make it again."""
        return {"least_spread_m": self.least_spread_m}, self.network.to_arrays()

    @classmethod
    def from_parts(cls, settings: Json, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make it again from what `to_parts` gave.

        Raises
        ------
        FormatError
            When something is missing or does not fit.
        """
        return cls(Perceptron.from_arrays(arrays), float(value_of(settings, "least_spread_m")))


@dataclass(frozen=True, eq=False)
class PatchStart:
    """Where patches begin, before anything is learnt: clusters of the training positions.

    Attributes
    ----------
    centers
        (m, 3) unit vectors.
    log_kappa
        (m,) ln κ of the positions of each cluster.
    log_weights
        (m,) logarithms of their shares.
    """

    centers: Floats
    log_kappa: Floats
    log_weights: Floats

    @classmethod
    def of(cls, lonlat: Floats, count: int, rng: np.random.Generator, *, least_spread_m: float) -> Self:
        """Cluster positions (n, 2) into at most `count`."""
        vectors = to_unit_vectors(lonlat)[np.sort(rng.permutation(len(lonlat))[:_STUDIED])]
        means = k_means(vectors, count, rng)
        label = nearest_center(vectors - means[0], means - means[0])
        centers = to_unit_vectors(from_unit_vectors(means))
        members = np.bincount(label, minlength=len(means))
        squares = np.bincount(label, np.sum((vectors - centers[label]) ** 2, axis=1) / 2.0, len(means))
        floor = max(least_spread_m / EARTH_RADIUS_M, 1e-3 * float(np.sqrt(squares.sum() / len(vectors)))) ** 2
        kappa = 1.0 / (squares / members + floor)
        return cls(centers, np.log(kappa), np.log(members / len(vectors)))

    @property
    def reach(self) -> float:
        """Typical spread of a cluster, radians."""
        return float(np.exp(-np.median(self.log_kappa) / 2.0))

    def repeated(self, count: int) -> Self:
        """Have exactly so many: positions that coincide gave fewer clusters."""
        rows = np.resize(np.arange(len(self.centers)), count)
        return type(self)(self.centers[rows], self.log_kappa[rows], self.log_weights[rows])


def log_kappa_bounds(least_spread_m: float) -> tuple[float, float]:
    """Least and greatest ln κ: of a patch that is nearly the globe, and of the narrowest."""
    return 2.0 * float(np.log(EARTH_RADIUS_M / _WIDEST_M)), 2.0 * float(
        np.log(EARTH_RADIUS_M / least_spread_m)
    )


@dataclass(frozen=True)
class VMFMixture:
    """Settings of a mixture of patches fitted by likelihood.

    Attributes
    ----------
    components
        Patches a photograph.
    shared_centers
        0: each photograph has its own patches. Otherwise about so many patches over the globe, whose centres
        and spreads are learnt and which each photograph weighs, as in Izbicki et al. (2019).
    hidden
        Widths of the hidden layers.
    dropout
        Share of the hidden values left out in training.
    standardise
        Whether every component of the features is brought to mean 0 and deviation 1. Learning is about twice
        as fast then; few photographs of a city are learnt by heart, and new blocks of it suffer.
    least_spread_m
        No patch becomes narrower: a likelihood would shrink one onto a single photograph.
    patches
        With shared centres, those kept for a photograph; the others become one wide patch.
    """

    components: int = 5
    shared_centers: int = 0
    hidden: tuple[int, ...] = (256, 128)
    dropout: float = 0.1
    standardise: bool = False
    least_spread_m: float = 10.0
    patches: int = 32

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", layer_sizes(self.hidden))
        check_share(self.dropout, "dropout")
        if self.components < 1 or self.shared_centers < 0 or self.patches < 1:
            raise InputError("components and patches must be at least 1, and shared_centers not negative")
        if not 0.1 <= self.least_spread_m <= 1e6:
            raise InputError(f"least_spread_m must be from 0.1 to 1e6 metres, not {self.least_spread_m}")

    def fit(self, task: Task) -> VMFMixtureHead | CellHead:
        """Train the network.

        Returns
        -------
        VMFMixtureHead or CellHead
            The latter, which weighs fixed patches, with shared centres.

        Raises
        ------
        NotEnoughDataError
            With fewer than 20 training and 5 validation samples.
        MissingExtraError
            Without torch.
        """
        check_enough(task)
        require("torch", extra="learn")
        from whence.photos.heads.learning.von_mises_fisher import MixtureLearner, SharedLearner

        rng = np.random.default_rng(task.seed)
        dim = task.train.dim
        inputs = Standardisation.of(task.train, rng) if self.standardise else Standardisation.none(dim)
        count = self.shared_centers or self.components
        start = PatchStart.of(task.train.lonlat, count, rng, least_spread_m=self.least_spread_m)
        if self.shared_centers:
            shared = SharedLearner.of(self, start, inputs=inputs, seed=task.seed)
            task.optimise(shared, "vmf-mixture")
            centers, spread_m = shared.patches()
            return CellHead(shared.perceptron(), from_unit_vectors(centers), spread_m, self.patches)
        learner = MixtureLearner.of(self, start.repeated(count), inputs=inputs, seed=task.seed)
        task.optimise(learner, "vmf-mixture")
        return VMFMixtureHead(learner.perceptron(), self.least_spread_m)

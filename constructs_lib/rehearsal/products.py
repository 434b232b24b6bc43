"""What a deployment makes of best candidates besides endpoints: transform jobs and versions, looked at to their end."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from constructs_lib.runtime.contract import MODEL_PACKAGE_TYPE, TRANSFORM_TYPE, Property

from .account import RUNNING, Account, ProductState
from .assembly import Assembly, Job
from .record import Record
from .screen import counted
from .stacks import Place, Stack

_PENDING = (*RUNNING, "Pending")


@dataclass(frozen=True)
class Product:
    """A transform, or a version of a model, that an app asks for."""

    place: Place
    job: Job


def find(assembly: Assembly, stacks: Iterable[Stack]) -> list[Product]:
    """Those in these stacks that are of a job of the app."""
    found = []
    for stack in stacks:
        for kind in (TRANSFORM_TYPE, MODEL_PACKAGE_TYPE):
            for place, properties in stack.of(kind):
                model = assembly.origin(properties.get(Property.REQUEST, {}).get("ModelName"), place)
                source = (model, model.resource.get("Properties", {})) if model else (place, properties)
                if job := assembly.job_behind(*source):
                    found.append(Product(place, job))
    return found


class Products:
    """Looks at what was made, whoever asked for it: each to its end, and once."""

    def __init__(
        self,
        products: list[Product],
        account: Account,
        record: Record,
        wait: Callable[[Callable[[], ProductState], Callable[[ProductState], bool]], ProductState],
    ) -> None:
        self._products = products
        self._account = account
        self._record = record
        self._wait = wait
        self._seen: set[str] = set()

    def check(self, passing: Sequence[str] = ()) -> None:
        """Check that all that is new has ended well, and that each resource has the present best candidate's.

        Args:
            passing: The prefixes of S3 where runs have models answer something, of which nothing stays.
        """
        for name in self._news():
            self._expect_good(name, tuple(passing))
        for product in self._products:
            self._expect_present(product)

    def check_nothing_new(self, what: str) -> None:
        """Check that a deployment has made none."""
        news = self._news()
        if news or self._seen:
            made = ", ".join(str(self._account.product(name)) for name in news)
            self._record.expect(not news, f"{what} made no transform job and no version", f"{what} made {made}")

    def present(self) -> dict[Place, str]:
        """What each resource has now."""
        return {product.place: self._account.physical_id(product.place) for product in self._products}

    def check_taken_back(self, before: Mapping[Place, str]) -> None:
        """Check after an update that failed: each resource has what it had, and what was new is released."""
        for place, name in before.items():
            now = self._account.physical_id(place)
            was = self._account.product(name)
            self._record.expect(
                now == name and not was.released,
                f"{was} is still what {place} is",
                f"{place} was {name} before the update that failed and is {now} after it"
                f"{', released' if was.released else ''}",
            )
        for name in self._news():
            state = self._ended(name)
            self._record.expect(
                state.status in ("Completed", "Stopped") and (state.released or not state.written),
                f"{state} is {state.status}, and released",
                f"{state}, made by the update that was rolled back, is {state.status}"
                f"{'' if state.released else ' and was not released'}{_because(state)}",
            )

    def _news(self) -> list[str]:
        return sorted(set(self._account.products()) - self._seen)

    def _ended(self, name: str) -> ProductState:
        self._seen.add(name)
        return self._wait(lambda: self._account.product(name), lambda state: state.status not in _PENDING)

    def _expect_good(self, name: str, passing: tuple[str, ...]) -> None:
        state = self._ended(name)
        self._record.expect(
            state.status == "Completed", f"{state} is Completed", f"{state} ended {state.status}{_because(state)}"
        )
        if state.read.startswith(passing):
            return  # the run has looked at what it says
        if state.read:
            read = [uri for uri in self._account.objects(state.read) if not uri.startswith(state.written)]
            names = {f"{uri.rsplit('/', 1)[-1]}.out" for uri in read}
            there = {uri.rsplit("/", 1)[-1] for uri in self._account.objects(state.written)}
            lacking = sorted(names - there)
            self._record.expect(
                not lacking,
                f"predictions for {counted(len(read), 'object')} are at {state.written}",
                f"{state} is Completed, and {', '.join(lacking)} is not at {state.written}",
            )
        else:
            lost = [uri for uri in sorted(state.model_data) if not self._account.objects(uri)]
            self._record.expect(
                not lost,
                f"its model lies in S3: {', '.join(sorted(state.model_data))}",
                f"{state} names a model that does not lie in S3: {', '.join(lost)}",
            )

    def _expect_present(self, product: Product) -> None:
        state = self._account.product(self._account.physical_id(product.place))
        job = self._account.name_of(product.job)
        candidate, artifacts = self._account.best_model(job)
        self._record.expect(
            bool(artifacts) and state.model_data == set(artifacts),
            f"{state} is of {candidate}, the best candidate of {job}",
            f"{product.place} should be of {candidate}, the best candidate of {job}; {state} is of "
            f"{', '.join(sorted(state.model_data)) or 'no model that is still there'}",
        )


def _because(state: ProductState) -> str:
    return f": {state.reason}" if state.reason else ""

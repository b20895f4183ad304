"""moto's event source mappings of queues, as their poller knows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from passrole.services.embedded.functions import function_at
from passrole.services.embedded.tables import backend, every_backend
from passrole.services.functions import QueueSource
from passrole.values.arn import Arn


class EmbeddedQueueSources:
    """``services.functions.QueueSources`` over moto."""

    def waiting(self) -> Sequence[QueueSource]:
        """See QueueSources."""
        return tuple(self._waiting())

    def _waiting(self) -> Iterator[QueueSource]:
        for account, region, kept in every_backend("awslambda"):
            for mapping in list(kept._event_source_mappings.values()):
                queue = Arn.parse(str(mapping.event_source_arn))
                if queue.service != "sqs" or not mapping.enabled:
                    continue
                queues = backend("sqs", queue.account, queue.region)
                found = queues.queues.get(queue.resource) if queues is not None else None
                if found is None or not found.messages:
                    continue
                function = function_at(account, region, str(mapping.function_arn))
                if function is not None:
                    yield QueueSource(function, str(queue), int(mapping.batch_size))

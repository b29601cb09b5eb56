from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from semblance.generation.adapters.engine_metrics import watch_engines
from semblance.generation.ports import EngineLoad


def test_engines_are_asked_once_a_collection_and_all_they_say_is_told() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    asked: list[EngineLoad] = []

    def load() -> EngineLoad:
        asked.append(EngineLoad(engines=2, waiting=3 + len(asked), steps=7, oldest_wait_s=1.5))
        return asked[-1]

    watch_engines(load, provider.get_meter("test"))
    for waiting in (3, 4):
        [resource] = reader.get_metrics_data().resource_metrics
        [scope] = resource.scope_metrics
        told = {metric.name: metric.data.data_points[0].value for metric in scope.metrics}
        assert told["semblance.engine.rows_waiting"] == waiting
        assert told["semblance.engine.steps"] == 7
        assert told["semblance.engine.oldest_wait"] == 1.5
        assert len(told) == 11
    assert len(asked) == 2
    provider.shutdown()

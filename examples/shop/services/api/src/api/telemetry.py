import os

from fastapi import FastAPI, Response
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest

ORDERS = Counter("shop_orders", "Orders placed", ["country"])


def instrument(app: FastAPI) -> None:
    """Trace requests and Redis commands if there is a collector to send the traces to."""
    if "OTEL_EXPORTER_OTLP_ENDPOINT" not in os.environ:
        return
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: "api"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)
    RedisInstrumentor().instrument(tracer_provider=provider)


def exposition() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

"""What the other gateways are told: routing to the canned upstream, and nothing that costs time beside it."""

LITELLM = """
model_list:
  - model_name: {model}
    litellm_params: {{model: openai/{model}, api_base: "{base_url}", api_key: {key}}}
litellm_settings: {{telemetry: false, num_retries: 0}}
general_settings: {{dangerously_permit_weak_or_unset_master_key: true}}
"""

TENSORZERO = """
[gateway]
observability.enabled = false
[models.bench]
routing = ["canned"]
[models.bench.providers.canned]
type = "openai"
model_name = "{model}"
api_base = "{base_url}/"
api_key_location = "none"
"""

TENSORZERO_PROGRAM = '''
"""The gateway of the wheel: settings file, and a file that its port is written to."""
import asyncio, pathlib, sys, urllib.parse
from tensorzero.tensorzero import _start_http_gateway

async def main():
    gateway = await _start_http_gateway(
        config_file=sys.argv[1], clickhouse_url=None, postgres_url=None, valkey_url=None, async_setup=True
    )
    fresh = pathlib.Path(sys.argv[2] + ".new")
    fresh.write_text(str(urllib.parse.urlsplit(gateway.base_url).port))
    fresh.rename(sys.argv[2])
    await asyncio.Event().wait()

asyncio.run(main())
'''

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  keepalive_requests 1000000;
  tcp_nodelay on;
  upstream canned {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://canned;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""

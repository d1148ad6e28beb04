import { type Static, Type } from '@sinclair/typebox'
import { ProfileOverrides } from '../protocol/profile.ts'
import { leaf, oneOf, SecretText, section, textMap } from './leaf.ts'
import { sdk } from './schema-sdk.ts'

const PRICING_URL =
  'https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json'

const server = section('Where ccproxy listens and how it logs', {
  host: leaf(Type.String({ default: '127.0.0.1', minLength: 1 }), {
    description: 'Address to bind; beyond loopback a client key is required',
    env: ['HOST'],
    flag: 'host',
  }),
  port: leaf(Type.Integer({ default: 8000, minimum: 0, maximum: 65535 }), {
    description: 'Port to bind; 0 takes a free one',
    env: ['PORT'],
    flag: 'port',
    short: 'p',
  }),
  log_level: leaf(
    oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent'], { default: 'info' }),
    {
      description: 'Least severe level that is logged',
      env: ['LOG_LEVEL'],
      flag: 'log-level',
      synonyms: { warning: 'warn', critical: 'error', fatal: 'error', off: 'silent' },
    },
  ),
  log_format: leaf(oneOf(['auto', 'pretty', 'json', 'plain'], { default: 'auto' }), {
    description: 'Form of a log line; auto is pretty on a terminal, json elsewhere',
    flag: 'log-format',
  }),
  drain_seconds: leaf(Type.Number({ default: 30, minimum: 0 }), {
    description: 'How long running streams may go on after SIGTERM or SIGINT',
  }),
  early_open_seconds: leaf(Type.Number({ default: 30, minimum: 0 }), {
    description: 'Silence of an upstream after which a stream opens with 200 and pings; 0 = never',
  }),
  ping_seconds: leaf(Type.Number({ default: 12, minimum: 0.05 }), {
    description: 'Silence downstream after which a stream gets a ping (never under /pt)',
  }),
  request_timeout_seconds: leaf(Type.Number({ default: 30, minimum: 0.1, maximum: 255 }), {
    description: 'How long a request body may take, beside a second for every 10 KB of it',
  }),
})

const limits = section('Sizes that are refused with 413', {
  body_bytes: leaf(Type.Integer({ default: 32 * 1024 * 1024, minimum: 1024 }), {
    description: 'Largest request body of Messages, count_tokens, Chat and Responses, in bytes',
  }),
  upload_bytes: leaf(Type.Integer({ default: 512 * 1024 * 1024, minimum: 1024 }), {
    description: 'Largest upload of batches, files and skills, in bytes (streamed through)',
  }),
})

const token = section('A named client token', {
  name: leaf(Type.String({ minLength: 1 }), { description: 'Name that logs show' }),
  token: Type.Optional(leaf(SecretText, { description: 'The token itself', secret: true })),
  sha256: Type.Optional(
    leaf(Type.String({ pattern: '^[0-9a-fA-F]{64}$' }), { description: 'Its SHA-256, in hex' }),
  ),
  expires: Type.Optional(
    leaf(Type.String(), { description: 'When it ends, as an ISO 8601 date or time' }),
  ),
})

const security = section('Who may call', {
  auth_token: leaf(Type.Optional(SecretText), {
    description: 'Key that every client must send (x-api-key or Bearer)',
    env: ['AUTH_TOKEN', 'GATEWAY_API_KEY'],
    flag: 'auth-token',
    secret: true,
  }),
  tokens: leaf(Type.Array(token, { default: [] }), {
    description: 'Named client tokens: name, token or sha256, expires',
    secret: true,
  }),
  allowed_hosts: leaf(Type.Array(Type.String(), { default: [] }), {
    description: 'Host names accepted beside localhost and IP literals',
  }),
  cors_origins: leaf(Type.Array(Type.String(), { default: [] }), {
    description: 'Origins that browsers may call from; none by default',
  }),
  rate_limit: leaf(oneOf(['auto', 'on', 'off'], { default: 'auto' }), {
    description: 'Limit per client address; auto: on for other machines, off for loopback',
    synonyms: { true: 'on', false: 'off' },
  }),
  rate_limit_per_minute: leaf(Type.Integer({ default: 60, minimum: 1 }), {
    description: 'Requests a minute that one client address may make',
  }),
  rate_limit_burst: leaf(Type.Integer({ default: 10, minimum: 0 }), {
    description: 'Requests beyond the steady rate that may come at once',
  }),
  public_health: leaf(Type.Boolean({ default: true }), {
    description: '/health answers without a client key, without details',
  }),
  public_metrics: leaf(Type.Boolean({ default: false }), {
    description: '/metrics answers without a client key',
  }),
})

const network = section('The way to the upstreams', {
  header_timeout_seconds: leaf(Type.Number({ default: 600, minimum: 0.1 }), {
    description: 'How long an upstream may take to its response headers',
    env: ['UPSTREAM_TIMEOUT_SECONDS'],
  }),
  idle_timeout_seconds: leaf(Type.Number({ default: 600, minimum: 0.1 }), {
    description: 'How long an upstream may be silent mid-stream',
    env: ['UPSTREAM_TIMEOUT_SECONDS'],
  }),
  proxy: leaf(Type.Optional(Type.String()), {
    description: 'Proxy for upstream calls',
    unavailable: true,
  }),
  ca_file: leaf(Type.Optional(Type.String()), {
    description: 'Extra certificates, as a PEM file',
    unavailable: true,
  }),
})

const provider = section('An upstream', {
  kind: leaf(oneOf(['anthropic', 'openai', 'bedrock', 'vertex', 'foundry', 'claude-sdk', 'demo']), {
    description: 'What the upstream speaks',
    unavailableValues: ['bedrock', 'vertex', 'foundry'],
  }),
  base_url: leaf(Type.Optional(Type.String({ minLength: 1 })), {
    description: 'Where it is; for openai the full chat/completions URL or its base',
    example: 'https://gateway.example/v1',
  }),
  api_key: leaf(Type.Optional(SecretText), { description: 'Its API key', secret: true }),
  api_key_helper: leaf(
    Type.Optional(
      Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String(), { minItems: 1 })]),
    ),
    {
      description: 'Command that prints an API key; a list runs without a shell',
      example: ['my-key-command', '--print'],
      kinds: ['anthropic'],
    },
  ),
  api_key_helper_ttl_ms: leaf(Type.Optional(Type.Integer({ default: 300_000, minimum: 0 })), {
    description: 'How long a key that the helper printed is used, in milliseconds',
    kinds: ['anthropic'],
  }),
  credential: leaf(
    oneOf(['auto', 'client', 'api-key', 'key-helper', 'oauth'], { default: 'auto' }),
    { description: 'Which credential goes up; auto tries them in the documented order' },
  ),
  headers: leaf(textMap({ default: {} }), {
    description: 'Headers added to each request',
    secret: true,
  }),
  models: leaf(textMap({ default: {} }), {
    description: "Map from the client's model name, exact or with *, to the upstream's",
  }),
  wire: leaf(Type.Optional(oneOf(['chat', 'responses'])), {
    description:
      'OpenAI protocol that the upstream speaks; without it chat, at OpenAI and Azure the one that fits best',
    example: 'chat',
    kinds: ['openai', 'demo'],
  }),
  profile: leaf(Type.Optional(Type.String({ minLength: 1 })), {
    description: 'Built-in set of upstream quirks; without it the base URL decides',
    example: 'openai',
    kinds: ['openai'],
  }),
  profile_overrides: leaf(Type.Optional(ProfileOverrides), {
    description: "Single quirks of the profile, as a table: see the profile's keys",
    example: { max_output_tokens: 8192 },
    kinds: ['openai'],
  }),
  default_model: leaf(Type.Optional(Type.String({ minLength: 1 })), {
    description: 'Upstream model for names that no map knows',
    example: 'my-model',
    kinds: ['openai'],
  }),
  force_model: leaf(Type.Optional(Type.Boolean({ default: false })), {
    description: 'Always send default_model, whatever the client asks for',
    kinds: ['openai'],
  }),
  default_max_tokens: leaf(Type.Optional(Type.Integer({ default: 32_000, minimum: 1 })), {
    description: 'Token limit sent where the client gave none',
    kinds: ['openai'],
  }),
})

const routing = section('Which provider serves a request', {
  default: leaf(Type.String({ default: 'anthropic' }), {
    description: 'Name of the provider that serves requests without a mode',
    flag: 'provider',
  }),
  models: leaf(textMap({ default: {} }), {
    description: "Map from the client's model name to provider/model",
  }),
  rules: leaf(Type.Optional(Type.Array(textMap())), {
    description: 'Routing rules',
    unavailable: true,
  }),
  fallback: leaf(Type.Optional(Type.Array(Type.String())), {
    description: 'Providers to try next',
    unavailable: true,
  }),
})

const oauth = section("The plan login, the account holder's own choice and risk", {
  use_claude_code_login: leaf(Type.Boolean({ default: false }), {
    description: "Use Claude Code's own login, read-only, where ccproxy has none",
  }),
  system_prompt_injection: leaf(oneOf(['minimal', 'none'], { default: 'minimal' }), {
    description: 'Identity block put before the system prompt under a plan login',
  }),
  callback_port: leaf(Type.Integer({ default: 54545, minimum: 1, maximum: 65535 }), {
    description: 'Port of the login callback; the next free one if taken',
  }),
  redirect_uri: leaf(Type.Optional(Type.String({ minLength: 1 })), {
    description:
      'Redirect of a login started through POST /oauth/login; without it /oauth/callback here',
    example: 'http://localhost:8000/oauth/callback',
  }),
  refresh_before_seconds: leaf(Type.Number({ default: 300, minimum: 0 }), {
    description: 'How long before its expiry a token is refreshed',
  }),
  authorize_url: leaf(Type.Optional(Type.String({ minLength: 1 })), {
    description: "Sign-in page in place of Anthropic's, for testing and gateways",
    example: 'https://gateway.example/oauth/authorize',
  }),
  token_url: leaf(Type.Optional(Type.String({ minLength: 1 })), {
    description: "Token endpoint in place of Anthropic's, for testing and gateways",
    example: 'https://gateway.example/oauth/token',
  }),
  profile_url: leaf(Type.Optional(Type.String({ minLength: 1 })), {
    description: "Profile endpoint in place of Anthropic's, for testing and gateways",
    example: 'https://gateway.example/oauth/profile',
  }),
  client_id: leaf(Type.Optional(Type.String({ minLength: 1 })), {
    description: 'Client id that goes with these addresses, for testing and gateways',
    example: 'my-client-id',
  }),
})

const record = section('What ccproxy keeps and shows of its work', {
  metrics: leaf(Type.Boolean({ default: true }), {
    description: 'Prometheus metrics at /metrics',
  }),
  ledger: leaf(Type.Boolean({ default: true }), {
    description: 'One stored row a request: model, tokens, cost, timing',
  }),
  database: leaf(Type.Optional(SecretText), {
    description:
      'Where the ledger is: a file, :memory: or postgres://…; without it ledger.sqlite in the data directory',
    example: 'postgres://user:password@localhost/ccproxy',
    secret: true,
  }),
  logs: leaf(Type.Boolean({ default: true }), {
    description: 'The /logs endpoints',
  }),
  dashboard: leaf(Type.Boolean({ default: true }), {
    description: 'The page at /dashboard',
  }),
  panels: leaf(oneOf(['auto', 'on', 'off'], { default: 'auto' }), {
    description: 'A panel for each request and its reply; auto: on a terminal, on: also elsewhere',
    env: ['PRETTY_LOGS'],
    synonyms: { true: 'on', false: 'off' },
  }),
  payload_max_chars: leaf(Type.Integer({ default: 1400, minimum: 0 }), {
    description: 'Characters of a request and of a reply that a panel shows; 0 = none',
    env: ['LOG_PAYLOAD_MAX_CHARS'],
  }),
  bodies: leaf(oneOf(['off', 'errors', 'all'], { default: 'off' }), {
    description:
      'Request and response bodies that the ledger keeps: of failures, or all; secrets masked, images left out',
    synonyms: { false: 'off', true: 'all' },
  }),
  body_max_chars: leaf(Type.Integer({ default: 65_536, minimum: 256, maximum: 16_777_216 }), {
    description: 'Characters of a body that the ledger keeps',
  }),
  retention_days: leaf(Type.Number({ default: 30, minimum: 0 }), {
    description: 'How long the ledger keeps a row and its figures; 0 = for ever',
  }),
  retention_mb: leaf(Type.Number({ default: 1000, minimum: 0 }), {
    description:
      'How large the ledger may be, in MB; beyond it the oldest bodies and rows go; 0 = no bound',
  }),
})

const scheduler = section('Work done at intervals', {
  enabled: leaf(Type.Boolean({ default: false }), {
    description: 'Run scheduled work: fetch model prices',
  }),
  pricing_update_interval_hours: leaf(Type.Number({ default: 24, minimum: 1 }), {
    description: 'How often prices are fetched',
  }),
  pricing_url: leaf(Type.String({ default: PRICING_URL, minLength: 1 }), {
    description: "Price list in LiteLLM's JSON format",
  }),
})

/** The whole tree of settings; `providers` is keyed by name. */
export const SettingsSchema = section('ccproxy settings', {
  server,
  limits,
  security,
  network,
  providers: Type.Record(Type.String({ pattern: '^[A-Za-z0-9_-]+$' }), provider),
  routing,
  auth: section('Credentials for the upstreams', { oauth }),
  record,
  sdk,
  scheduler,
})

/** Settings as the rest of the program sees them: complete, checked, secrets wrapped. */
export type Settings = Static<typeof SettingsSchema>
/** One upstream's settings. */
export type ProviderSettings = Static<typeof provider>
/** One named client token's settings. */
export type TokenSettings = Static<typeof token>

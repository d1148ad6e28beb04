import { type Static, type TSchema, Type } from '@sinclair/typebox'
import type { Secret } from '../kit/secret.ts'

/** What every leaf says beside its type; TOML, env, flags, help, JSON Schema and README read it. */
export interface LeafMeta {
  readonly description: string
  /** Flat environment aliases; the nested name (`SERVER__PORT`) exists without being listed. */
  readonly env?: readonly string[]
  /** The command-line flag, without its dashes. */
  readonly flag?: string
  /** The flag's one-letter form. */
  readonly short?: string
  /** Promised in interface.md but not built yet: a value answers "not available in this version". */
  readonly unavailable?: boolean
  /** Shown as `***` wherever settings are printed. */
  readonly secret?: boolean
}

const closed = { additionalProperties: false } as const

function leaf<Schema extends TSchema>(schema: Schema, meta: LeafMeta): Schema {
  return Object.assign({}, schema, { description: meta.description, ccproxy: meta })
}

function section<Schema extends Record<string, TSchema>>(description: string, keys: Schema) {
  return Type.Object(keys, { ...closed, description })
}

/** A key or token: a string in the file, a `Secret` from the loader on. */
const SecretText = Type.Unsafe<Secret>({ type: 'string', minLength: 1 })

const StringMap = Type.Record(Type.String(), Type.String())

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
    Type.Union(
      ['trace', 'debug', 'info', 'warn', 'error', 'silent'].map((level) => Type.Literal(level)),
      { default: 'info' },
    ),
    { description: 'Least severe level that is logged', env: ['LOG_LEVEL'], flag: 'log-level' },
  ),
  log_format: leaf(
    Type.Union(
      [Type.Literal('auto'), Type.Literal('pretty'), Type.Literal('json'), Type.Literal('plain')],
      { default: 'auto' },
    ),
    {
      description: 'Form of a log line; auto is pretty on a terminal, json elsewhere',
      flag: 'log-format',
    },
  ),
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
    description: 'How long a client may take between two bytes of its request',
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
  tokens: leaf(Type.Array(token, { default: [] }), { description: 'Named client tokens' }),
  allowed_hosts: leaf(Type.Array(Type.String(), { default: [] }), {
    description: 'Host names accepted beside localhost and IP literals',
  }),
  cors_origins: leaf(Type.Array(Type.String(), { default: [] }), {
    description: 'Origins that browsers may call from; none by default',
  }),
  rate_limit: leaf(
    Type.Union([Type.Literal('auto'), Type.Literal('on'), Type.Literal('off')], {
      default: 'auto',
    }),
    { description: 'Limit per client address; auto: on for other machines, off for loopback' },
  ),
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
    unavailable: true,
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
    description: 'Extra certificates',
    unavailable: true,
  }),
})

const provider = section('An upstream', {
  kind: leaf(
    Type.Union(
      ['anthropic', 'openai', 'bedrock', 'vertex', 'foundry', 'claude-sdk', 'demo'].map((kind) =>
        Type.Literal(kind),
      ),
    ),
    { description: 'What the upstream speaks' },
  ),
  base_url: leaf(Type.Optional(Type.String()), {
    description: 'Where it is; default by kind',
    env: ['ANTHROPIC_UPSTREAM_URL'],
  }),
  api_key: leaf(Type.Optional(SecretText), {
    description: 'Its API key',
    env: ['ANTHROPIC_API_KEY'],
    secret: true,
  }),
  credential: leaf(
    Type.Union(
      ['auto', 'client', 'api-key', 'key-helper', 'oauth'].map((kind) => Type.Literal(kind)),
      { default: 'auto' },
    ),
    { description: 'Which credential goes up; auto tries them in the order of the documentation' },
  ),
  headers: leaf(Type.Record(Type.String(), Type.String(), { default: {} }), {
    description: 'Headers added to each request',
  }),
  models: leaf(Type.Record(Type.String(), Type.String(), { default: {} }), {
    description: "Map from the client's model name, exact or with *, to the upstream's",
  }),
})

const routing = section('Which provider serves a request', {
  default: leaf(Type.String({ default: 'anthropic' }), {
    description: 'Name of the provider that serves requests without a mode',
    flag: 'provider',
  }),
  models: leaf(Type.Record(Type.String(), Type.String(), { default: {} }), {
    description: "Map from the client's model name to provider/model",
  }),
  rules: leaf(Type.Optional(Type.Array(StringMap)), {
    description: 'Routing rules',
    unavailable: true,
  }),
  fallback: leaf(Type.Optional(Type.Array(Type.String())), {
    description: 'Providers to try next',
    unavailable: true,
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
})

/** Settings as the rest of the program sees them: complete, checked, secrets wrapped. */
export type Settings = Static<typeof SettingsSchema>
/** One upstream's settings. */
export type ProviderSettings = Static<typeof provider>
/** One named client token's settings. */
export type TokenSettings = Static<typeof token>

import { describe, expect, test } from 'bun:test'
import { loadIn, messageIn } from './load-in.ts'

const inFile = (toml: string) => messageIn({ files: { '/project/ccproxy.toml': toml } })

describe('mistyped names', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['a section', '[sever]\nport = 1', '1:2": key "sever" is unknown (did you mean "server"?)'],
    ['a key', '[server]\nprot = 1', '2:1": key "server.prot" is unknown (did you mean "port"?)'],
    [
      'a key without section',
      'port = 1',
      '1:1": key "port" is unknown (did you mean "server.port"?)',
    ],
    [
      'a key in the wrong section',
      '[server]\nauth_token = "x"',
      '2:1": key "server.auth_token" is unknown (did you mean "security.auth_token"?)',
    ],
    [
      'a key of a provider',
      '[providers.anthropic]\nbase_ulr = "x"',
      '2:1": key "providers.anthropic.base_ulr" is unknown (did you mean "base_url"?)',
    ],
    [
      'a key in an inline table',
      'server = { prot = 1 }',
      '1:12": key "server.prot" is unknown (did you mean "port"?)',
    ],
    [
      'a key of a deep section',
      '[auth.oauth]\ncallback_prot = 1',
      '2:1": key "auth.oauth.callback_prot" is unknown (did you mean "callback_port"?)',
    ],
    [
      'a key of a token',
      '[[security.tokens]]\nname = "a"\ntoken = "b"\nexpire = "x"',
      '1:3": security.tokens has the unknown key "expire" (did you mean "expires"?)',
    ],
    [
      'a word',
      '[server]\nlog_format = "jsn"',
      '2:1": server.log_format must be one of "auto", "pretty", "json", "plain", not "jsn"',
    ],
    [
      'a provider',
      '[routing]\ndefault = "antropic"',
      '2:1": routing.default names no provider: "antropic" (did you mean "anthropic"?), the providers are "anthropic"',
    ],
  ]
  for (const [what, toml, message] of cases) {
    test(what, async () => {
      expect(await inFile(toml)).toBe(`Cannot read config "./ccproxy.toml:${message}`)
    })
  }

  test('a name in the environment, only under CCPROXY__', async () => {
    expect(await messageIn({ env: { CCPROXY__SERVER__PROT: '1' } })).toBe(
      'Cannot use environment CCPROXY__SERVER__PROT: key "server.prot" is unknown (did you mean "SERVER__PORT"?)',
    )
    await loadIn({ env: { SERVER__PROT: '1', SERVER__: '2', FOO__BAR: '3', __x: '4' } })
    expect(await messageIn({ files: { '/project/.env': 'CCPROXY__SERVR__PORT=1' } })).toBe(
      'Cannot use .env CCPROXY__SERVR__PORT: key "servr" is unknown (did you mean "SERVER"?)',
    )
    expect(await messageIn({ env: { CCPROXY__SERVER: '1' } })).toBe(
      'Cannot use environment CCPROXY__SERVER: server must be a table, written as JSON',
    )
  })

  test('a name like __proto__ is unknown like any other', async () => {
    expect(await inFile('["__proto__"]\nx = 1')).toContain('key "__proto__" is unknown')
    const toml = '[providers.anthropic.models]\n"__proto__" = "x"'
    const { settings } = await loadIn({ files: { '/project/ccproxy.toml': toml } })
    expect(Object.keys(settings.providers.anthropic?.models ?? {})).toEqual(['__proto__'])
  })
})

test('a profile that is none is told at the start, not at the first request', async () => {
  const toml =
    '[providers.gw]\nkind = "openai"\nbase_url = "http://127.0.0.1:1"\nprofile = "opnrouter"'
  expect(await inFile(toml)).toContain(
    'providers.gw.profile names no built-in profile: "opnrouter" (did you mean "openrouter"?)',
  )
})

describe('wrong values', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['[server]\nport = "x"', 'server.port must be an integer from 0 to 65535, not "x"'],
    ['[server]\nport = 70000', 'server.port must be an integer from 0 to 65535, not 70000'],
    ['[server]\nport = 1.5', 'server.port must be an integer from 0 to 65535, not 1.5'],
    ['[server]\nhost = ""', 'server.host must be a string that is not empty, not ""'],
    ['[server]\ndrain_seconds = -1', 'server.drain_seconds must be a number of at least 0, not -1'],
    ['[security]\npublic_health = "x"', 'security.public_health must be true or false, not "x"'],
    ['[security]\nauth_token = 12345', 'security.auth_token must be a string that is not empty'],
    [
      '[security]\nallowed_hosts = "a"',
      'security.allowed_hosts must be a list of strings, not "a"',
    ],
    ['[security]\nallowed_hosts = ["a", 7]', 'security.allowed_hosts 1 must be a string, not 7'],
    ['server = 1', 'server must be a table'],
    [
      '[providers.anthropic]\nmodels = "x"',
      'providers.anthropic.models must be a map from names to strings, not "x"',
    ],
    ['[providers.anthropic.models]\na = 1', 'providers.anthropic.models.a must be a string, not 1'],
    [
      '[providers."a b"]\nkind = "demo"',
      'providers."a b" is no usable name: use letters, digits, "-" and "_"',
    ],
  ]
  for (const [toml, message] of cases) {
    test(message, async () => {
      expect((await inFile(toml)).replace(/^Cannot read config "[^"]+": /, '')).toBe(message)
    })
  }

  test('a wrong secret is never shown', async () => {
    expect(await inFile('[security]\ntokens = "hunter2-canary"')).not.toContain('canary')
    const list = '[[security.tokens]]\nname = "a"\ntoken = ["hunter2-canary"]'
    expect(await inFile(list)).not.toContain('canary')
  })

  test('broken TOML is named with line and column', async () => {
    expect(await inFile('[server]\nport = \n')).toBe(
      'Cannot read config "./ccproxy.toml:2:8": invalid TOML: invalid value',
    )
  })

  test('broken JSON in a variable says what the key must be', async () => {
    const env = { UPSTREAM_BASE_URL: 'https://a.example', MODEL_MAP_JSON: '{"a"' }
    expect(await messageIn({ env })).toBe(
      'Cannot use environment MODEL_MAP_JSON: providers.gateway.models must be a map from names to strings, not "{\\"a\\""',
    )
  })

  test('keys and kinds to come are named', async () => {
    expect(await inFile('[network]\nproxy = "http://p"')).toContain(
      'network.proxy is not available in this version',
    )
    expect(await inFile('[network]\nca_file = "ca.pem"')).toContain(
      'network.ca_file is not available in this version',
    )
    expect(await inFile('[providers.aws]\nkind = "bedrock"')).toContain(
      'providers.aws.kind "bedrock" is not available in this version',
    )
  })
})

describe('contradictions', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['[providers.x]\nbase_url = "http://a"', 'providers.x.kind is missing'],
    ['[providers.x]\nkind = "openai"', 'providers.x.base_url is missing: kind "openai" needs one'],
    [
      '[providers.anthropic]\nbase_url = "api.anthropic.com"',
      'providers.anthropic.base_url must be an http or https URL, not "api.anthropic.com"',
    ],
    [
      '[providers.anthropic]\nwire = "chat"',
      'providers.anthropic.wire is for kind "openai" or "demo", not for kind "anthropic": remove it',
    ],
    ['[providers.anthropic]\ncredential = "api-key"', 'providers.anthropic.api_key is missing'],
    [
      '[providers.anthropic]\ncredential = "key-helper"',
      'providers.anthropic.api_key_helper is missing',
    ],
    [
      '[providers.x]\nkind = "openai"\nbase_url = "http://a"\nforce_model = true',
      'providers.x.force_model is true, but providers.x.default_model is missing',
    ],
    ['[routing.models]\na = "b"', 'routing.models "a" must be provider/model, not "b"'],
    ['[routing.models]\na = "anthropic/"', 'must be provider/model, not "anthropic/"'],
    ['[[security.tokens]]\nname = "a"', 'security.tokens "a" needs either token or sha256'],
    [
      '[[security.tokens]]\nname = "a"\ntoken = "b"\nexpires = "soon"',
      'expires must be an ISO 8601 date or time, not "soon"',
    ],
    [
      '[[security.tokens]]\nname = "a"\ntoken = "b"\n[[security.tokens]]\nname = "a"\ntoken = "c"',
      'security.tokens "a" is there twice',
    ],
    [
      '[server]\nhost = "0.0.0.0"\n[security]\nauth_token = "x"\n[providers.anthropic]\ncredential = "oauth"',
      'ccproxy.toml:6:1": providers.anthropic.credential is "oauth", but a plan login is never served beyond loopback',
    ],
    [
      '[providers.x]\nkind = "openai"\nbase_url = "http://a"\napi_key_helper = "x"',
      'providers.x.api_key_helper is for kind "anthropic", not for kind "openai": remove it',
    ],
    [
      '[providers.x]\nkind = "demo"\nforce_model = true',
      'providers.x.force_model is for kind "openai", not for kind "demo": remove it',
    ],
    [
      '[auth.oauth]\ntoken_url = "http://sign-in.example/token"',
      'auth.oauth.token_url must be an https URL, or http to this machine, not "http://sign-in.example/token"',
    ],
    [
      '[auth.oauth]\nredirect_uri = "localhost:8000"',
      'auth.oauth.redirect_uri must be an https URL, or http to this machine',
    ],
  ]
  for (const [toml, message] of cases) {
    test(message, async () => expect(await inFile(toml)).toContain(message))
  }

  test('a bind beyond loopback without a client key is refused and says how to make one', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.5', 'box.example', '127.evil.example']) {
      expect(await messageIn({ flags: { host } })).toBe(
        `Cannot use flag --host: server.host "${host}" is open to other machines, but there is no client key: run "ccproxy generate-token --save", set AUTH_TOKEN, or bind 127.0.0.1`,
      )
      await loadIn({ flags: { host }, env: { AUTH_TOKEN: 'x' } })
    }
    for (const host of ['127.0.0.1', '127.8.9.1', 'localhost', '::1']) {
      await loadIn({ flags: { host } })
    }
  })
})

test.each(['localhost:8000', '10.0.0.1:80', 'http://127.0.0.1', '[::1]', 'my host', '::1::'])(
  'the host "%s", which is no address and no name, is refused',
  async (host) => {
    const { env, flags } = { env: { AUTH_TOKEN: 'x' }, flags: { host } }
    expect(await messageIn({ env, flags })).toContain(
      `server.host "${host}" is neither an address nor a name: write it without scheme, port and brackets (the port is server.port)`,
    )
  },
)

test.each([
  'localhost',
  'my-host.example',
  '0.0.0.0',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  'fe80::1%eth0',
])('the host "%s" is taken', async (host) => {
  const { settings } = await loadIn({ env: { AUTH_TOKEN: 'x' }, flags: { host } })
  expect(settings.server.host).toBe(host)
})

test('everything wrong is reported at once, by source', async () => {
  const message = await messageIn({
    files: {
      '/project/ccproxy.toml': '[server]\nprot = 1\nlog_level = "loud"\n[network]\nproxy = "p"',
    },
    env: { PORT: 'x', CCPROXY__LIMITS__BODY: '1' },
    flags: { provider: 'nobody' },
  })
  expect(message).toBe(
    [
      'Cannot use these settings: 6 problems',
      '├─ file ./ccproxy.toml',
      '│  ├─ 2:1: key "server.prot" is unknown (did you mean "port"?)',
      '│  ├─ 3:1: server.log_level must be one of "trace", "debug", "info", "warn", "error", "silent", not "loud"',
      '│  └─ 5:1: network.proxy is not available in this version: remove it',
      '├─ environment CCPROXY__LIMITS__BODY',
      '│  └─ key "limits.body" is unknown',
      '├─ environment PORT',
      '│  └─ server.port must be an integer from 0 to 65535, not "x"',
      '└─ flag --provider',
      '   └─ routing.default names no provider: "nobody", the providers are "anthropic"',
    ].join('\n'),
  )
})

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { IDENTITY_LINE } from '../../src/auth/identity.ts'
import { CredentialBench, errorOf, hasIdentity, statusOf } from '../support/credential-bench.ts'
import { exchange, messageBody, post } from '../support/raw-client.ts'

const CLIENT_OAT = 'sk-ant-oat01-of-the-client'
const OURS = 'client-token-of-the-proxy-0003'
const SEED_003 =
  'system: This credential is only authorized for use with Claude Code and cannot be used for other API requests.'
const HOUR = 3_600_000
const MODES = ['/min', '/pt']

const bench = new CredentialBench()
beforeAll(() => bench.open([CLIENT_OAT], [OURS]))
afterEach(() => bench.reset())
afterAll(() => bench.close())

describe('/min and /pt', () => {
  test('answer the 400 of seed 003 locally for our login and for a plan token of a client', async () => {
    bench.home.write(bench.oauth.login(Date.now() + HOUR))
    const proxy = await bench.start()
    for (const mode of MODES) {
      for (const headers of [{}, { authorization: `Bearer ${CLIENT_OAT}` }]) {
        const answer = await bench.ask(proxy, `${mode}/v1/messages`, headers)
        expect(answer.status).toBe(400)
        expect(answer.body).toMatchObject({
          type: 'error',
          error: { type: 'invalid_request_error', message: SEED_003 },
        })
        expect(answer.upstream).toEqual([])
      }
    }
  })

  test('a plan token of a client passes in full mode, with nothing put into the body', async () => {
    const proxy = await bench.start()
    const headers = { authorization: `Bearer ${CLIENT_OAT}`, 'anthropic-beta': 'oauth-2025-04-20' }
    const answer = await bench.ask(proxy, '/v1/messages', headers)
    expect(answer.status).toBe(200)
    expect(answer.upstream[0]?.text).toBe(messageBody(false))
    expect(answer.upstream[0]?.header('anthropic-beta')).toBe('oauth-2025-04-20')
  })
})

describe('full mode with a plan login', () => {
  test('puts the identity first, merges the betas once, keeps four breakpoints', async () => {
    bench.home.write(bench.oauth.login(Date.now() + HOUR))
    const proxy = await bench.start()
    const cached = (text: string) => ({ type: 'text', text, cache_control: { type: 'ephemeral' } })
    const system = [cached('One'), cached('Two'), cached('Three')]
    const messages = [{ role: 'user', content: [cached('Four'), cached('Five'), cached('Six')] }]
    const beta = 'context-1m-2025-08-07,oauth-2025-04-20'
    for (const path of ['/v1/messages', '/api/v1/messages', '/v1/messages/count_tokens']) {
      const counting = path.endsWith('count_tokens')
      const body = counting ? { max_tokens: undefined, stream: undefined } : {}
      const answer = await bench.ask(
        proxy,
        path,
        { 'anthropic-beta': beta },
        messageBody(false, { system, messages, ...body }),
      )
      expect(answer.status).toBe(200)
      const [request] = answer.upstream
      const sent: unknown = JSON.parse(request?.text ?? '')
      expect(sent).toMatchObject({ system: [{ type: 'text', text: IDENTITY_LINE }, {}, {}, {}] })
      expect(request?.text.match(/"cache_control"/g)).toHaveLength(4)
      expect(request?.header('anthropic-beta')).toBe(`${beta},claude-code-20250219`)
    }
  })

  test.each([
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hello' }] }],
    [
      '/openai/v1/chat/completions',
      { messages: [{ role: 'user', content: 'Hello' }], stream: true },
    ],
    ['/v1/responses', { input: 'Hello' }],
    ['/openai/v1/responses', { input: 'Hello', stream: true }],
  ])('does the same for %s', async (path, body) => {
    bench.home.write(bench.oauth.login(Date.now() + HOUR))
    const proxy = await bench.start()
    const before = bench.fake.requests.length
    const reply = await fetch(proxy.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'claude-sonnet-4-6', ...body }),
    })
    expect(reply.status).toBe(200)
    expect(await reply.text()).toContain('Hello from')
    const [request, ...more] = bench.fake.requests.slice(before)
    expect(more).toEqual([])
    expect(request?.path).toBe('/v1/messages')
    expect(hasIdentity(request)).toBe(true)
    const betas = request?.header('anthropic-beta')?.split(',')
    expect(betas).toEqual(expect.arrayContaining(['oauth-2025-04-20', 'claude-code-20250219']))
    const refused = await bench.ask(
      proxy,
      `/min${path}`,
      {},
      JSON.stringify({ model: 'x', ...body }),
    )
    expect(refused.status).toBe(400)
    expect(errorOf(refused)).toBe(SEED_003)
    expect(refused.upstream).toEqual([])
  })

  test('makes up no client: user-agent, x-app and x-stainless are never Claude Code’s', async () => {
    bench.home.write(bench.oauth.login(Date.now() + HOUR))
    const proxy = await bench.start()
    const before = bench.fake.requests.length
    expect((await exchange(proxy.port, post('/v1/messages', messageBody(false)))).status).toBe(200)
    const [request] = bench.fake.requests.slice(before)
    expect(request?.header('user-agent')).toMatch(/^ccproxy\/\d+\.\d+\.\d+$/)
    const names = (request?.headers ?? []).map(([name]) => name.toLowerCase())
    expect(names.filter((name) => /^x-(app|stainless)/.test(name))).toEqual([])
    await bench.ask(proxy, '/v1/messages', { 'user-agent': 'my-tool/1.0' })
    expect(bench.fake.requests.at(-1)?.header('user-agent')).toBe('my-tool/1.0')
  })

  test('with system_prompt_injection = "none" leaves the body alone', async () => {
    bench.home.write(bench.oauth.login(Date.now() + HOUR))
    const proxy = await bench.start({ env: { AUTH__OAUTH__SYSTEM_PROMPT_INJECTION: 'none' } })
    const answer = await bench.ask(proxy)
    expect(answer.upstream[0]?.text).toBe(messageBody(false))
  })
})

describe('beyond loopback', () => {
  test('a plan login is refused for requests and for logins, and the status says so', async () => {
    bench.home.write(bench.oauth.login(Date.now() + HOUR))
    const proxy = await bench.start({ env: { HOST: '0.0.0.0', AUTH_TOKEN: OURS } })
    const key = { 'x-api-key': OURS }
    const answer = await bench.ask(proxy, '/v1/messages', key)
    expect(answer.status).toBe(403)
    expect(errorOf(answer)).toContain('refused while ccproxy listens beyond loopback')
    expect(answer.upstream).toEqual([])
    expect(await statusOf(proxy, key)).toContain('refused because ccproxy listens beyond loopback')
    const login = await fetch(`${proxy.url}/oauth/login`, {
      method: 'POST',
      headers: key,
      body: '{"accept_terms":true}',
    })
    expect(login.status).toBe(403)
    await expect(
      bench.start({
        env: { HOST: '0.0.0.0', AUTH_TOKEN: OURS },
        toml: '[providers.anthropic]\nkind = "anthropic"\ncredential = "oauth"\n',
      }),
    ).rejects.toThrow('a plan login is never served beyond loopback')
  })
})

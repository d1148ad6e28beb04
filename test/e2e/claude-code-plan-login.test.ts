import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type ClaudeOutcome, runClaude } from '../support/claude.ts'
import { CredentialBench, credentialOf } from '../support/credential-bench.ts'
import { text } from '../support/fake-reply.ts'
import type { RecordedRequest } from '../support/raw-server.ts'
import { startTee, type Tee } from '../support/tee.ts'

const CLIENT_KEY = 'client-key-of-the-proxy-0004'
const CLIENT_OAT = 'sk-ant-oat01-from-claude-setup-token-0004'
const TIMEOUT = 60_000

/** How each run signs in, and the prompt by which the shared fake knows it. */
const RUNS = {
  'the login of the proxy': { path: '', apiKey: CLIENT_KEY, env: {} },
  'its own plan token': { path: '', apiKey: '', env: { CLAUDE_CODE_OAUTH_TOKEN: CLIENT_OAT } },
  'its own plan token under /pt': {
    path: '/pt',
    apiKey: '',
    env: { CLAUDE_CODE_OAUTH_TOKEN: CLIENT_OAT },
  },
} as const
type Name = keyof typeof RUNS
const NAMES = [
  'the login of the proxy',
  'its own plan token',
  'its own plan token under /pt',
] as const

describe('Claude Code with a plan login', () => {
  const bench = new CredentialBench()
  const outcomes = new Map<Name, ClaudeOutcome>()
  const tees: Tee[] = []
  let token = ''

  beforeAll(async () => {
    await bench.open([CLIENT_OAT], [CLIENT_KEY])
    bench.fake.otherwise((request) => {
      const name = NAMES.find((one) => request.text.includes(`run with ${one}.`))
      return name === undefined ? undefined : text(`Answer with ${name}`)
    })
    const login = bench.oauth.login(Date.now() + 3_600_000)
    token = login.accessToken.reveal()
    bench.home.write(login)
    const locked = await bench.start({ env: { AUTH_TOKEN: CLIENT_KEY } })
    const open = await bench.start()
    await Promise.all(
      NAMES.map(async (name) => {
        const { path, apiKey, env } = RUNS[name]
        const tee = await startTee((apiKey === '' ? open : locked).port)
        tees.push(tee)
        const outcome = await runClaude({
          ...{ prompt: `run with ${name}.`, baseUrl: tee.url + path, apiKey, env },
          args: ['--model', 'claude-sonnet-5-5'],
        })
        outcome.remove()
        outcomes.set(name, outcome)
      }),
    )
  }, TIMEOUT)

  afterAll(async () => {
    for (const tee of tees) tee.close()
    await bench.close()
  })

  function requestOf(name: Name): RecordedRequest {
    const found = bench.fake.messages().filter((one) => one.text.includes(`run with ${name}.`))
    expect(found).toHaveLength(1)
    const [request] = found
    if (request === undefined) throw new Error('No request came')
    return request
  }

  /** The head with which Claude Code itself sent this very body. */
  function sentHead(request: RecordedRequest): string {
    for (const bytes of tees.flatMap((tee) => tee.sent())) {
      const at = bytes.indexOf(request.body)
      if (at === -1) continue
      const before = bytes.subarray(0, at).toString('latin1')
      return before.slice(before.lastIndexOf('POST ')).toLowerCase()
    }
    throw new Error('The upstream got a body that Claude Code never sent')
  }

  for (const name of NAMES) {
    test(`works with ${name}, every byte of its body and its identity as they were`, () => {
      expect(outcomes.get(name)?.stdout).toBe(`Answer with ${name}\n`)
      const request = requestOf(name)
      const head = sentHead(request)
      for (const header of ['user-agent', 'x-app', 'x-stainless-lang', 'anthropic-version']) {
        expect(head).toContain(`\r\n${header}: ${request.header(header)?.toLowerCase()}\r\n`)
      }
      expect(request.header('user-agent')).toStartWith('claude-cli/')
    })
  }

  test('with the login of the proxy it carries that, and its betas with the one that it lacks', () => {
    const request = requestOf('the login of the proxy')
    expect(credentialOf(request)).toBe(`Bearer ${token}`)
    const own = /\r\nanthropic-beta: (.*)\r\n/.exec(sentHead(request))?.[1] ?? ''
    expect(own).toContain('claude-code-20250219')
    expect(request.header('anthropic-beta')).toBe(`${own},oauth-2025-04-20`)
  })

  test('with its own token it carries that, and its betas as they were', () => {
    for (const name of ['its own plan token', 'its own plan token under /pt'] as const) {
      const request = requestOf(name)
      expect(credentialOf(request)).toBe(`Bearer ${CLIENT_OAT}`)
      expect(sentHead(request)).toContain(
        `\r\nanthropic-beta: ${request.header('anthropic-beta')}\r\n`,
      )
    }
  })

  test('nothing is sent that the API refuses', () => {
    expect(bench.fake.violations).toEqual([])
  })
})

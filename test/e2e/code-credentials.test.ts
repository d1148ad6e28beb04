import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { type CodeHome, codeHome } from '../support/code-home.ts'
import { type FakeAnthropic, startFakeAnthropic, UPSTREAM_KEY } from '../support/fake-anthropic.ts'
import { text } from '../support/fake-reply.ts'

const OAT = 'sk-ant-oat01-login-of-claude-code-0007'
const OWN = 'sk-ant-api03-own-key-of-the-user-0007'
const CLIENT_KEY = 'client-key-of-the-proxy-0007'
const TIMEOUT = 60_000
const ASK = ['code', '-p', 'hello', '--model', 'claude-sonnet-5-5']

let fake: FakeAnthropic
let home: CodeHome
beforeAll(async () => {
  const credentials = [OAT, OWN, UPSTREAM_KEY]
  fake = await startFakeAnthropic({ credentials, forbidden: [CLIENT_KEY] })
  fake.otherwise(() => text('Answered.'))
})
afterAll(() => fake.close())
afterEach(() => home.remove())

/** A home whose default route is Anthropic, which is the fake. */
async function anthropicHome(more = ''): Promise<CodeHome> {
  const made = await codeHome()
  made.write(
    'ccproxy.toml',
    `[server]\nport = ${made.port}\n[providers.anthropic]\nbase_url = "${fake.url}"\n${more}`,
  )
  return made
}

function signIn(made: CodeHome): void {
  const expiresAt = Date.now() + 3 * 3_600_000
  const scopes = ['user:inference', 'user:profile']
  const claudeAiOauth = { accessToken: OAT, refreshToken: 'r', expiresAt, scopes }
  made.write('.claude/.credentials.json', JSON.stringify({ claudeAiOauth }))
}

/** Runs Claude Code and gives the credential that its last request brought to the API. */
async function credential(args: readonly string[], env: Record<string, string> = {}) {
  const outcome = await home.run(args, env)
  expect(outcome).toMatchObject({ code: 0, stdout: 'Answered.\n' })
  const last = fake.messages().at(-1)
  return [last?.header('authorization'), last?.header('x-api-key')]
}

describe('what ccproxy code brings to Anthropic', () => {
  test.each([[[]], [['--mode', 'pt']], [['--mode', 'min']]])(
    "is Claude Code's own plan login, as without us: %j",
    async (mode) => {
      home = await anthropicHome()
      signIn(home)
      expect(await credential([...mode, ...ASK])).toEqual([`Bearer ${OAT}`, undefined])
      expect(fake.violations).toEqual([])
    },
    TIMEOUT,
  )

  test(
    'is that login past a client key too, even where ccproxy has an API key',
    async () => {
      home = await anthropicHome(`api_key = "${UPSTREAM_KEY}"\n`)
      signIn(home)
      const env = { AUTH_TOKEN: CLIENT_KEY, ANTHROPIC_AUTH_TOKEN: 'local-dev-token' }
      expect(await credential(ASK, env)).toEqual([`Bearer ${OAT}`, undefined])
      expect(fake.violations).toEqual([])
    },
    TIMEOUT,
  )

  test(
    'is the own key of the user past a client key',
    async () => {
      home = await anthropicHome()
      const env = { AUTH_TOKEN: CLIENT_KEY, ANTHROPIC_API_KEY: OWN }
      expect(await credential(ASK, env)).toEqual([undefined, OWN])
      expect(fake.violations).toEqual([])
    },
    TIMEOUT,
  )

  test(
    "is ccproxy's own key where Claude Code has no login",
    async () => {
      home = await anthropicHome(`api_key = "${UPSTREAM_KEY}"\n`)
      expect(await credential(ASK)).toEqual([undefined, UPSTREAM_KEY])
    },
    TIMEOUT,
  )

  test(
    'is nothing where nobody has any, which is said with what to do',
    async () => {
      home = await anthropicHome()
      const outcome = await home.run(ASK)
      expect(outcome.code).toBe(1)
      expect(outcome.stdout).toContain('Please run /login')
      expect(outcome.stderr).toContain('Neither ccproxy (provider "anthropic") nor Claude Code')
    },
    TIMEOUT,
  )

  test(
    'is warned of settings that lead past ccproxy',
    async () => {
      home = await anthropicHome(`api_key = "${UPSTREAM_KEY}"\n`)
      const url = 'http://user:secret@127.0.0.1:9/v1'
      home.write('.claude/settings.json', JSON.stringify({ env: { ANTHROPIC_BASE_URL: url } }))
      const { stderr } = await home.run(['code', '--version'])
      expect(stderr).toContain('settings.json sets ANTHROPIC_BASE_URL ("http://127.0.0.1:9")')
      expect(stderr).not.toContain('secret')
    },
    TIMEOUT,
  )
})

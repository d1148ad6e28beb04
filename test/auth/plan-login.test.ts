import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PlanLogin } from '../../src/auth/plan-login.ts'
import { CredentialStore } from '../../src/auth/store.ts'
import type { StoredLogin } from '../../src/auth/stored-login.ts'
import { messageOf, ProxyError } from '../../src/kit/error.ts'
import { Secret } from '../../src/kit/secret.ts'
import { FakeOAuth } from '../support/fake-oauth.ts'
import { until } from '../support/wait.ts'

const ACCEPTED = '2026-11-21T12:00:00.000Z'

/** A disk that is full for as many saves as it is told. */
class FullDisk extends CredentialStore {
  failures = 0

  override async saveLogin(login: StoredLogin): Promise<void> {
    if (this.failures > 0) {
      this.failures -= 1
      throw new ProxyError('authentication', `Cannot write credentials file "${this.path}": ENOSPC`)
    }
    await super.saveLogin(login)
  }
}

let folder: string
let fake: FakeOAuth
let store: FullDisk
let now: number
let shouts: string[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ccproxy-plan-'))
  fake = new FakeOAuth()
  store = new FullDisk(join(folder, 'credentials.json'))
  now = Date.now()
  shouts = []
})
afterEach(async () => {
  await fake.stop()
  await rm(folder, { recursive: true, force: true })
})

function planLogin(): PlanLogin {
  const oauth = fake.options({ now: () => now })
  return new PlanLogin({ store, oauth, shout: (message) => shouts.push(message) })
}

async function stored(login = fake.login(now - 1000)): Promise<StoredLogin> {
  await store.locked(() => store.saveNew(login, ACCEPTED))
  return login
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no failure',
    (error: unknown) => (error instanceof ProxyError ? `${error.kind}: ${error.message}` : error),
  )

describe('A token that is not about to end', () => {
  test('Is used as it is, up to five minutes before its end', async () => {
    const login = await stored(fake.login(now + 300_001))
    const plan = planLogin()
    expect((await plan.token()).equals(login.accessToken.reveal())).toBe(true)
    expect(fake.refreshes).toBe(0)
    now += 1
    expect((await plan.token()).equals(login.accessToken.reveal())).toBe(false)
    expect(fake.refreshes).toBe(1)
  })

  test('Is used for ever where it has no end', async () => {
    const login: StoredLogin = { ...fake.login(), expiresAt: undefined, refreshToken: undefined }
    await stored(login)
    now += 1e12
    expect((await planLogin().token()).equals(login.accessToken.reveal())).toBe(true)
  })
})

describe('An expired token', () => {
  test('Is refreshed once for 100 requests, and the file has the new one', async () => {
    await stored()
    const plan = planLogin()
    const tokens = await Promise.all(Array.from({ length: 100 }, () => plan.token()))
    expect(new Set(tokens.map((token) => token.reveal())).size).toBe(1)
    expect(fake.isLive(tokens[0]?.reveal() ?? '')).toBe(true)
    expect(fake.refreshes).toBe(1)
    const { login, termsAcceptedAt } = await store.read()
    expect(login?.accessToken.reveal()).toBe(tokens[0]?.reveal() ?? '')
    expect(fake.isRefreshable(login?.refreshToken?.reveal() ?? '')).toBe(true)
    expect(login?.subscriptionType).toBe('max')
    expect(termsAcceptedAt).toBe(ACCEPTED)
  })

  test('Keeps its refresh token where none comes', async () => {
    const before = await stored()
    fake.troubles.push({ kind: 'no-rotation' })
    await planLogin().token()
    const { login } = await store.read()
    expect(login?.refreshToken?.reveal()).toBe(before.refreshToken?.reveal() ?? '')
  })

  test('Gives way to a token that another process stored', async () => {
    await stored()
    const plan = planLogin()
    await plan.state()
    const other = await stored(fake.login(now + 1e6))
    expect((await plan.token()).equals(other.accessToken.reveal())).toBe(true)
    expect(fake.refreshes).toBe(0)
  })

  test('Cannot be refreshed without a refresh token', async () => {
    await stored({ ...fake.login(now - 1), refreshToken: undefined })
    expect(await failure(planLogin().token())).toBe(
      'authentication: The plan login has ended and cannot be refreshed: run "ccproxy auth login"',
    )
  })

  test('Whose lifetime is shorter than the margin is not refreshed for each request', async () => {
    await stored()
    fake.expiresIn = 60
    const plan = planLogin()
    const first = await plan.token()
    for (let count = 0; count < 5; count += 1) {
      now += 2_000
      expect((await plan.token()).reveal()).toBe(first.reveal())
    }
    now += 30_000
    expect((await plan.token()).reveal()).not.toBe(first.reveal())
    expect(fake.refreshes).toBe(2)
  })
})

describe('A refresh that fails', () => {
  test('With invalid_grant says what to run, and the token is not sent twice', async () => {
    await stored({ ...fake.login(now - 1), refreshToken: new Secret('sk-ant-ort01-dead') })
    const plan = planLogin()
    const message =
      'authentication: The plan login is no longer valid (its refresh token was refused): run "ccproxy auth login"'
    expect(await failure(plan.token())).toBe(message)
    now += 60_000
    expect(await failure(plan.token())).toBe(message)
    expect(fake.refreshes).toBe(1)
    const next = await stored(fake.login(now - 1))
    now += 60_000
    const token = await plan.token()
    expect(fake.isLive(token.reveal())).toBe(true)
    expect(token.equals(next.accessToken.reveal())).toBe(false)
  })

  test('With 429 is not tried again until the time is over; requests fail at once', async () => {
    await stored()
    const plan = planLogin()
    fake.troubles.push({ kind: 'limited', retryAfter: '60' })
    const wait = (seconds: number) =>
      `rate_limit: Cannot refresh the plan login: the token endpoint asked to wait; try again in ${seconds} s`
    const all = await Promise.all(Array.from({ length: 20 }, () => failure(plan.token())))
    expect(new Set(all)).toEqual(new Set([wait(60)]))
    now += 59_500
    const error = await plan.token().catch((thrown: unknown) => thrown)
    expect(messageOf(error)).toContain('try again in 1 s')
    expect(error instanceof ProxyError && error.headers).toEqual({ 'retry-after': '1' })
    expect(fake.seen).toHaveLength(1)
    now += 500
    expect(fake.isLive((await plan.token()).reveal())).toBe(true)
    expect(fake.seen).toHaveLength(2)
  })

  test('For another reason pauses shortly, names it and then recovers', async () => {
    await stored()
    const plan = planLogin()
    fake.troubles.push({ kind: 'answer', status: 503, body: 'sk-ant-oat01-canary' })
    const message =
      'unavailable: Cannot refresh the plan login: the token endpoint answered 503; check the network, then try again'
    expect(await failure(plan.token())).toBe(message)
    expect(await failure(plan.token())).toBe(message)
    expect(fake.seen).toHaveLength(1)
    now += 5_000
    expect(fake.isLive((await plan.token()).reveal())).toBe(true)
  })

  test('Leaves the old token in use until it really ends, and is shouted about once', async () => {
    const login = await stored(fake.login(now + 100_000))
    const plan = planLogin()
    fake.troubles.push({ kind: 'limited', retryAfter: '90' })
    const tokens = await Promise.all(Array.from({ length: 10 }, () => plan.token()))
    expect(tokens.every((token) => token.equals(login.accessToken.reveal()))).toBe(true)
    now += 10_000
    await plan.token()
    expect(shouts).toEqual([
      'Cannot refresh the plan login: the token endpoint asked to wait; try again in 90 s',
    ])
    now += 80_000
    expect((await plan.token()).equals(login.accessToken.reveal())).toBe(false)
  })
})

describe('A save that fails', () => {
  test('Leaves the rotated login in memory, is shouted about and made good later', async () => {
    await stored()
    const plan = planLogin()
    store.failures = 1
    const token = await plan.token()
    expect(fake.isLive(token.reveal())).toBe(true)
    expect(shouts).toEqual([
      `Cannot save the refreshed plan login: Cannot write credentials file "${store.path}": ENOSPC; it is kept in memory and lost if ccproxy ends before it is saved`,
    ])
    expect((await store.read()).login?.accessToken.equals(token.reveal())).toBe(false)
    now += 2_000
    expect((await plan.token()).reveal()).toBe(token.reveal())
    expect(fake.refreshes).toBe(1)
    const saved = async () => (await store.read()).login
    const isSaved = async () => (await saved())?.accessToken.equals(token.reveal()) === true
    await until('the login is saved', isSaved)
    expect(fake.isRefreshable((await saved())?.refreshToken?.reveal() ?? '')).toBe(true)
  })

  test('Does not stop the next refresh, which starts from memory', async () => {
    await stored()
    const plan = planLogin()
    store.failures = 3
    await plan.token()
    now += 28_800_000
    const second = await plan.token()
    expect(fake.isLive(second.reveal())).toBe(true)
    expect(fake.refusals).toEqual([])
    expect(await plan.close()).toBe(true)
    expect((await store.read()).login?.accessToken.reveal()).toBe(second.reveal())
  })

  test('Goes on from memory even where the file has become unreadable', async () => {
    await stored()
    const plan = planLogin()
    store.failures = 1
    const token = await plan.token()
    await writeFile(store.path, 'torn')
    now += 2_000
    expect((await plan.token()).reveal()).toBe(token.reveal())
    expect(await plan.close()).toBe(false)
    expect(shouts.at(-1)).toStartWith('Cannot save the refreshed plan login yet: Cannot use')
    await rm(store.path)
    expect(await plan.close()).toBe(true)
  })

  test('Never overwrites a login that was made anew meanwhile', async () => {
    await stored()
    const plan = planLogin()
    store.failures = 1
    await plan.token()
    const anew = await stored(fake.login(now + 1e6))
    expect(await plan.close()).toBe(true)
    expect((await plan.token()).reveal()).toBe(anew.accessToken.reveal())
    expect((await store.read()).login?.accessToken.reveal()).toBe(anew.accessToken.reveal())
  })
})

describe('A token that the upstream refused', () => {
  test('Is refreshed once for all who saw it refused', async () => {
    const login = await stored(fake.login(now + 1e6))
    const plan = planLogin()
    const fresh = await Promise.all(
      Array.from({ length: 50 }, () => plan.rejected(login.accessToken)),
    )
    expect(new Set(fresh.map((token) => token?.reveal())).size).toBe(1)
    expect(fake.isLive(fresh[0]?.reveal() ?? '')).toBe(true)
    expect(fake.refreshes).toBe(1)
    const late = await plan.rejected(login.accessToken)
    expect(late?.reveal()).toBe(fresh[0]?.reveal() ?? '')
    expect(fake.refreshes).toBe(1)
  })

  test('Is not refreshed again when it is fresh, nor without a refresh token', async () => {
    await stored()
    const plan = planLogin()
    const token = await plan.token()
    expect(await plan.rejected(token)).toBeUndefined()
    now += 30_000
    expect((await plan.rejected(token))?.reveal()).not.toBe(token.reveal())
    const lasting: StoredLogin = { ...fake.login(), expiresAt: undefined, refreshToken: undefined }
    await stored(lasting)
    expect(await plan.rejected(lasting.accessToken)).toBeUndefined()
  })
})

describe('Without a login that may be used', () => {
  test('Nothing is stored', async () => {
    expect(await planLogin().state()).toEqual({ kind: 'absent' })
    expect(await failure(planLogin().token())).toBe(
      'authentication: No plan login is stored: run "ccproxy auth login"',
    )
  })

  test('The terms were not accepted', async () => {
    await store.locked(() => store.saveLogin(fake.login(now + 1e6)))
    const plan = planLogin()
    expect(await plan.state()).toEqual({ kind: 'not-accepted', source: store.path })
    expect(await plan.accepted()).toBe(false)
    expect(await failure(plan.token())).toBe(
      `authentication: The plan login in "${store.path}" may not be used: its terms were not accepted; run "ccproxy auth accept-terms"`,
    )
    await store.locked(() => store.saveAcceptance(ACCEPTED))
    now += 1_000
    expect(await plan.state()).toMatchObject({ kind: 'ready', plan: 'max' })
    await plan.token()
  })

  test('A logout in another process is seen within a second, the file torn is named', async () => {
    await stored(fake.login(now + 1e6))
    const plan = planLogin()
    await plan.token()
    await store.remove()
    now += 1_000
    expect(await plan.state()).toEqual({ kind: 'absent' })
    await writeFile(store.path, '{', { mode: 0o600 })
    now += 1_000
    expect(await plan.state()).toMatchObject({ kind: 'unusable' })
    expect(await failure(plan.token())).toContain('it is not JSON')
  })
})

test('Two processes that race to refresh, 100 times, never lose the login', async () => {
  const script = join(import.meta.dir, '..', 'support', 'refresh-on-demand.ts')
  const racers = [0, 1].map(() => startRacer([process.execPath, script, store.path, fake.base]))
  for (const racer of racers) expect(await racer.line()).toBe('ready')
  const plan = planLogin()
  let adopted = 0
  for (let round = 1; round <= 100; round += 1) {
    // Each must look at the file anew: a racer believes a version for a second.
    await stored(fake.login(Date.now() - 1000))
    fake.troubles.push({ kind: 'slow', ms: 10 }) // Long enough for both to be at it.
    for (const racer of racers) racer.ask()
    const tokens = await Promise.all(racers.map((racer) => racer.line()))
    const { login } = await store.read()
    expect(fake.isLive(tokens[0] ?? '') && fake.isLive(tokens[1] ?? '')).toBe(true)
    expect(fake.isRefreshable(login?.refreshToken?.reveal() ?? '')).toBe(true)
    if (tokens[0] === tokens[1]) adopted += 1
  }
  expect(fake.refusals).toEqual([])
  expect(adopted).toBe(100)
  expect(fake.refreshes).toBe(100)
  expect(await plan.state()).toMatchObject({ kind: 'ready' })
  for (const racer of racers) await racer.stop()
}, 60_000)

function startRacer(command: string[]) {
  const child = Bun.spawn(command, { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
  const reader = child.stdout.getReader()
  const decoder = new TextDecoder()
  let text = ''
  return {
    ask() {
      child.stdin.write('go\n')
      child.stdin.flush()
    },
    async line(): Promise<string> {
      while (!text.includes('\n')) {
        const { value, done } = await reader.read()
        if (done) throw new Error('a racer ended')
        text += decoder.decode(value)
      }
      const end = text.indexOf('\n')
      const line = text.slice(0, end)
      text = text.slice(end + 1)
      return line
    },
    async stop() {
      child.kill()
      await child.exited
    },
  }
}

import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { text, tool } from '../support/fake-reply.ts'
import { heard, SDK_TEST_MS, type Sdk, say, startSdk } from '../support/sdk.ts'
import { sleep, until, within } from '../support/wait.ts'

setDefaultTimeout(SDK_TEST_MS)

/** From the client's leaving to the upstream's hearing of it, ms; much on a busy machine, nothing beside a turn. */
const AT_ONCE_MS = 900
/** A tool that takes for ever. */
const SLEEP = "perl -e 'sleep 300'"

let sdk: Sdk

beforeAll(async () => {
  sdk = await startSdk({
    sdk: 'setting_sources = []\nprewarm = 0',
    toml: '[[sdk.permission_rules]]\ntool = "Bash"\naction = "allow"\n',
  })
})
afterEach(async () => {
  sdk.fake.forget()
  // Whatever a test left: nothing of it stays, and the next request is served.
  await until('nothing is left', () => sdk.processes().length === 0, 8000)
  expect((await sdk.ask(say('Are you there?'))).text).toBe('Hello from the fake.')
  expect(heard(sdk.fake, -1)).toEqual(['user: Are you there?'])
  expect(await sdk.sessions()).toEqual({ busy: 0, warm: 0, spare: 0 })
  expect(sdk.fake.violations).toEqual([])
})
afterAll(() => sdk.stop())

/** Sends a request and gives the means to leave it. */
function sent(stream: boolean) {
  const leaving = new AbortController()
  const response = sdk.send(say('Work!', { stream }), { signal: leaving.signal })
  const over = response.then(
    (answered) =>
      answered.text().then(
        () => 'answered',
        () => 'left',
      ),
    () => 'left',
  )
  return { leave: () => leaving.abort(), over }
}

describe.each([true, false])('a client that leaves a request (stream: %p)', (stream) => {
  test('before Claude Code is ready: it is not asked any more', async () => {
    const count = sdk.fake.messages().length
    const { leave, over } = sent(stream)
    await until('it starts', () => sdk.claudes().length > 0)
    leave()
    const left = performance.now()
    expect(await over).toBe('left')
    await until('it has ended', () => sdk.claudes().length === 0)
    expect(performance.now() - left).toBeLessThan(AT_ONCE_MS)
    expect(sdk.fake.messages()).toHaveLength(count)
  })

  test('before the first event: the API hears it', async () => {
    const count = sdk.fake.requests.length
    sdk.fake.reply(text('Never said.', { stallBefore: 30_000 }))
    const { leave, over } = sent(stream)
    const request = await until('asked', () => sdk.fake.requests.length > count, 20_000).then(() =>
      sdk.fake.waitFor(count),
    )
    await sleep(50)
    leave()
    const left = performance.now()
    expect((await within(5000, 'upstream closed', request.left)) - left).toBeLessThan(AT_ONCE_MS)
    expect(await over).toBe('left')
  })

  test('in the middle of the answer', async () => {
    const count = sdk.fake.requests.length
    sdk.fake.reply(text('Never said.', { stallAfterFirst: 30_000 }))
    const { leave, over } = sent(stream)
    await until('asked', () => sdk.fake.requests.length > count, 20_000)
    const request = await sdk.fake.waitFor(count)
    await sleep(200)
    leave()
    const left = performance.now()
    expect((await within(5000, 'upstream closed', request.left)) - left).toBeLessThan(AT_ONCE_MS)
    expect(await over).toBe('left')
  })

  test('while a tool runs: the tool ends', async () => {
    sdk.fake.reply(tool('Bash', { command: SLEEP, description: 'Sleep' }))
    const { leave, over } = sent(stream)
    await until('the tool runs', () => sleepers().length > 0, 20_000)
    leave()
    const left = performance.now()
    await until('the tool has ended', () => sleepers().length === 0)
    expect(performance.now() - left).toBeLessThan(2 * AT_ONCE_MS)
    expect(await over).toBe('left')
  })

  test('after a tool went on in the background: that ends as well', async () => {
    const command = `setsid ${SLEEP} >/dev/null 2>&1 & echo started`
    sdk.fake.reply(
      tool('Bash', { command, description: 'Sleep' }),
      text('Never said.', { stallAfterFirst: 30_000 }),
    )
    const count = sdk.fake.requests.length
    const { leave } = sent(stream)
    await until('asked again', () => sdk.fake.requests.length > count + 1, 20_000)
    expect(sleepers().length).toBeGreaterThan(0)
    leave()
    await until('the tool has ended', () => sleepers().length === 0)
  })
})

function sleepers() {
  return sdk.processes().filter(({ command }) => command.startsWith('perl'))
}

test('what an answered request left in the background ends with its Claude Code', async () => {
  const command = `setsid ${SLEEP} >/dev/null 2>&1 & echo started`
  sdk.fake.reply(tool('Bash', { command, description: 'Sleep' }), text('Started.'))
  const { body } = await sdk.ask(say('Start it'))
  expect(JSON.stringify(body)).toContain('Started.')
  await until('the tool has ended', () => sleepers().length === 0)
})

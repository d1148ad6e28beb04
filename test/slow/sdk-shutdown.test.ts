import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { text, tool } from '../support/fake-reply.ts'
import { childrenOf, groupOf, runs } from '../support/processes.ts'
import { SDK_TEST_MS, type Sdk, say, startSdk } from '../support/sdk.ts'
import { sleep, until, within } from '../support/wait.ts'

setDefaultTimeout(SDK_TEST_MS)

/** How long what is left may take to go, ms. */
const GONE_MS = 5000
const SLEEP = "perl -e '$SIG{TERM} = q(IGNORE); sleep 300'"

/** Runs a test with a ccproxy of its own, whose end is the test's. */
async function withSdk(sdkTable: string, use: (sdk: Sdk) => Promise<void>): Promise<void> {
  const sdk = await startSdk({
    sdk: `setting_sources = []\n${sdkTable}`,
    toml: '[[sdk.permission_rules]]\ntool = "Bash"\naction = "allow"\n[server]\ndrain_seconds = 2\n',
  })
  try {
    await use(sdk)
    expect(sdk.fake.violations).toEqual([])
  } finally {
    await sdk.stop()
  }
}

async function expectAllGone(sdk: Sdk, watchdogs: readonly number[]): Promise<void> {
  await until('no process is left', () => sdk.processes().length === 0, GONE_MS)
  await until('the watchdog has ended', () => !watchdogs.some(runs), GONE_MS)
}

function watchdogsOf(sdk: Sdk): number[] {
  const found = childrenOf(sdk.proxy.pid).filter(({ command }) => command.includes('watchdog'))
  return found.map(({ pid }) => pid)
}

/** Brings ccproxy into a state, as far as a fake API can tell. */
const STATES: Readonly<Record<string, (sdk: Sdk) => Promise<unknown>>> = {
  'nothing runs but warm ones and spares': async (sdk) => {
    await sdk.ask(say('Hi'), { session: 'resting-one' })
    await until('a spare', async () => (await sdk.sessions()).spare === 1)
  },
  'an answer streams': async (sdk) => {
    sdk.fake.reply(text('Never said.', { stallAfterFirst: 60_000 }))
    const response = await sdk.send(say('Tell', { stream: true }))
    return response.body?.getReader().read()
  },
  'a tool runs that has a child in the background': async (sdk) => {
    const command = `setsid ${SLEEP} >/dev/null 2>&1 & ${SLEEP}`
    sdk.fake.reply(tool('Bash', { command, description: 'Sleep' }))
    void sdk.send(say('Run')).catch(() => undefined)
    const sleepers = () => sdk.processes().filter((one) => one.command.startsWith('perl'))
    await until('both run', () => sleepers().length === 2, 20_000)
  },
}

describe.each(Object.entries(STATES))('%s', (_name, reach) => {
  test('kill -9 leaves nothing', async () => {
    await withSdk('', async (sdk) => {
      await reach(sdk)
      const watchdogs = watchdogsOf(sdk)
      expect(watchdogs).toHaveLength(1)
      expect(sdk.claudes().length).toBeGreaterThan(0)
      sdk.proxy.signal('SIGKILL')
      await sdk.proxy.exited
      await expectAllGone(sdk, watchdogs)
    })
  })

  test('SIGTERM ends it after the drain', async () => {
    await withSdk('', async (sdk) => {
      await reach(sdk)
      const watchdogs = watchdogsOf(sdk)
      sdk.proxy.signal('SIGTERM')
      expect(await within(10_000, 'the end of ccproxy', sdk.proxy.exited)).toBe(0)
      expect(sdk.processes()).toEqual([])
      expect(watchdogs.some(runs)).toBe(false)
    })
  })
})

test('a turn that runs may come to its end first', async () => {
  await withSdk('tools = "none"', async (sdk) => {
    sdk.fake.reply(text('Said to the end.', { stallAfterFirst: 1200 }))
    const response = await sdk.send(say('Tell', { stream: true }))
    sdk.proxy.signal('SIGTERM')
    const events = await response.text()
    expect(events).toContain('event: message_stop')
    expect(events).not.toContain('event: error')
    expect(await within(10_000, 'the end of ccproxy', sdk.proxy.exited)).toBe(0)
    expect(sdk.processes()).toEqual([])
  })
})

test('a turn that outlasts the drain ends with an error that says so', async () => {
  await withSdk('tools = "none"', async (sdk) => {
    sdk.fake.reply(text('Never said.', { stallAfterFirst: 60_000 }))
    const response = await sdk.send(say('Tell', { stream: true }))
    const asked = sdk.fake.messages().at(-1)
    sdk.proxy.signal('SIGTERM')
    const events = await response.text()
    expect(events).toContain('event: error')
    expect(events).toContain('ccproxy is shutting down')
    await within(2000, 'upstream closed', Promise.resolve(asked?.left))
    await within(10_000, 'the end of ccproxy', sdk.proxy.exited)
    expect(sdk.processes()).toEqual([])
  })
})

test('Ctrl-C reaches ccproxy only: Claude Code and the watchdog have groups of their own', async () => {
  await withSdk('tools = "none"', async (sdk) => {
    await sdk.ask(say('Hi'), { session: 'resting-one' })
    const own = groupOf(sdk.proxy.pid)
    const others = [...sdk.claudes().map(({ pid }) => pid), ...watchdogsOf(sdk)]
    expect(others.length).toBeGreaterThan(1)
    for (const pid of others) expect(groupOf(pid)).not.toBe(own)
  })
})

test('the watchdog of one ccproxy leaves the processes of another alone', async () => {
  await withSdk('tools = "none"', async (sdk) => {
    await withSdk('tools = "none"', async (other) => {
      await sdk.ask(say('Hi'), { session: 'resting-one' })
      await other.ask(say('Hi'), { session: 'resting-one' })
      const kept = sdk.claudes().map(({ pid }) => pid)
      const watchdogs = watchdogsOf(other)
      other.proxy.signal('SIGKILL')
      await expectAllGone(other, watchdogs)
      await sleep(500)
      expect(kept.every(runs)).toBe(true)
    })
  })
})

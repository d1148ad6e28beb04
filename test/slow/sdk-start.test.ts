import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type TempDir, tempDir } from '../support/child.ts'
import { claudePath } from '../support/claude.ts'
import { asJson, text } from '../support/fake-reply.ts'
import { marked } from '../support/processes.ts'
import { SDK_TEST_MS, type Sdk, say, startSdk } from '../support/sdk.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(SDK_TEST_MS)

let dir: TempDir
beforeAll(() => {
  dir = tempDir()
})
afterAll(() => dir.remove())

/** An executable file of a few lines of shell. */
function script(name: string, lines: string): string {
  const path = join(dir.path, name)
  writeFileSync(path, `#!/bin/sh\n${lines}\n`, { mode: 0o755 })
  return path
}

async function withProxy(
  toml: string,
  use: (proxy: Ccproxy) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const proxy = await startCcproxy({ toml, env, key: false })
  try {
    await use(proxy)
  } finally {
    await proxy.stop()
  }
}

/** What a client sees; as a stream the error has its status as well, since nothing was said before. */
async function refusal(
  proxy: Ccproxy,
  stream: boolean,
  path = '/sdk/v1/messages',
  body = say('Hi'),
) {
  const response = await fetch(proxy.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, stream }),
  })
  const answer = asJson(await response.json())
  const { type, message } = asJson(answer.error)
  return {
    status: response.status,
    headers: response.headers,
    type,
    message: String(message),
    answer,
  }
}

describe.each([false, true])('stream: %p', (stream) => {
  test('not installed: says how to install it', async () => {
    await withProxy(
      '',
      async (proxy) => {
        const { status, type, message, headers } = await refusal(proxy, stream)
        expect({ status, type }).toEqual({ status: 503, type: 'api_error' })
        expect(message).toContain('npm install -g @anthropic-ai/claude-code')
        expect(headers.get('x-should-retry')).toBe('false')
        const chat = await refusal(proxy, stream, '/sdk/v1/chat/completions')
        expect(chat.status).toBe(503)
        expect(chat.message).toContain('npm install')
      },
      { PATH: '/nowhere' },
    )
  })

  test('sdk.cli_path is wrong: says so', async () => {
    await withProxy('[sdk]\ncli_path = "/nowhere/claude"', async (proxy) => {
      const { status, message } = await refusal(proxy, stream)
      expect(status).toBe(503)
      expect(message).toContain('sdk.cli_path "/nowhere/claude"')
    })
  })

  test('a file that is no program: says so, and so does the status', async () => {
    const claude = join(dir.path, 'half-loaded')
    writeFileSync(claude, '', { mode: 0o755 })
    await withProxy(`[sdk]\ncli_path = "${claude}"`, async (proxy) => {
      const { status, message } = await refusal(proxy, stream)
      expect(status).toBe(503)
      expect(message).toContain(`"${claude}": it is no program for this machine`)
      const told = await fetch(`${proxy.url}/sdk/status`)
      expect(await told.json()).toMatchObject({
        reachable: false,
        claude: { problem: 'it is no program for this machine' },
      })
    })
  })

  test('sdk.cwd is wrong: says so, until the folder is there', async () => {
    const cwd = join(dir.path, `folder-${stream}`)
    const claude = script('claude-fails', 'echo broken >&2; exit 1')
    await withProxy(`[sdk]\ncli_path = "${claude}"\ncwd = "${cwd}"`, async (proxy) => {
      const { status, message } = await refusal(proxy, stream)
      expect(status).toBe(503)
      expect(message).toContain(`sdk.cwd "${cwd}"`)
      mkdirSync(cwd)
      expect((await refusal(proxy, stream)).message).toContain('broken')
      rmSync(cwd, { recursive: true })
      expect((await refusal(proxy, stream)).message).toContain(`sdk.cwd "${cwd}"`)
    })
  })

  test('what it says before it ends tells no key, whatever the look of that', async () => {
    const claude = script('claude-tells', 'echo "refused: $MY_GATEWAY_KEY" >&2; exit 1')
    const toml = `[sdk]\ncli_path = "${claude}"\n[sdk.env]\nMY_GATEWAY_KEY = "correct.horse"`
    await withProxy(toml, async (proxy) => {
      expect((await refusal(proxy, stream)).message).toContain('refused: ***')
      expect(proxy.stderr()).not.toContain('correct.horse')
    })
  })

  test.each([
    ['exits with 1', 'echo "cannot: no library" >&2; exit 1', /exit code 1: cannot: no library/],
    ['exits with 0', 'exit 0', /Cannot start Claude Code/],
    ['prints garbage', 'echo "hello there"; exit 0', /Cannot start Claude Code/],
    ['hangs', 'exec sleep 300', /did not start in 1 s.*raise sdk.start_timeout_seconds/],
    ['hangs behind a wrapper', 'sleep 300', /did not start in 1 s/],
  ])('an executable that %s', async (name, lines, expected) => {
    const claude = script(`claude-${name.replaceAll(' ', '-')}`, lines)
    const mark = crypto.randomUUID()
    const env = { SDK_TEST_RUN: mark }
    const toml = `[sdk]\ncli_path = "${claude}"\nstart_timeout_seconds = 1`
    await withProxy(
      toml,
      async (proxy) => {
        const began = performance.now()
        const { status, message } = await refusal(proxy, stream)
        expect(status).toBe(503)
        expect(message).toMatch(expected)
        expect(message).toContain(claude)
        expect(performance.now() - began).toBeLessThan(10_000)
        const left = () => marked(`SDK_TEST_RUN=${mark}`).filter(({ pid }) => pid !== proxy.pid)
        await until('nothing is left', () => left().length === 0)
      },
      env,
    )
  })

  test('not signed in: says what to do', async () => {
    const sdk = await startSdk({ signedIn: false })
    try {
      const { status, type, message, headers } = await refusal(sdk.proxy, stream)
      expect({ status, type }).toEqual({ status: 503, type: 'api_error' })
      expect(message).toMatch(/not signed in.*claude/s)
      expect(headers.get('x-should-retry')).toBe('false')
      expect(sdk.fake.messages()).toHaveLength(0)
    } finally {
      await sdk.stop()
    }
  })
})

test('Claude Code is found on PATH', async () => {
  symlinkSync(claudePath(), join(dir.path, 'claude'))
  const sdk = await startSdk({
    cliPath: false,
    env: { PATH: `${dir.path}:${process.env.PATH ?? ''}` },
  })
  try {
    expect((await sdk.ask(say('Hi'))).text).toBe('Hello from the fake.')
  } finally {
    await sdk.stop()
  }
})

describe('a crash in the middle of an answer', () => {
  let sdk: Sdk
  beforeAll(async () => {
    sdk = await startSdk({ sdk: 'tools = "none"\nsetting_sources = []\nprewarm = 0' })
  })
  afterAll(() => sdk.stop())

  async function crash(): Promise<void> {
    const [request] = sdk.fake.messages().slice(-1)
    await request?.complete
    for (const { pid } of sdk.claudes()) process.kill(pid, 'SIGKILL')
  }

  test('ends a stream with an error event', async () => {
    sdk.fake.reply(text('Never said.', { stallAfterFirst: 30_000 }))
    const response = await sdk.send(say('Tell', { stream: true }))
    expect(response.status).toBe(200)
    await crash()
    const events = await response.text()
    expect(events).toMatch(/event: error\ndata: .*"api_error".*SIGKILL ended it/)
    expect(events).not.toContain('message_stop')
  })

  test('is a 502 where nothing was said yet', async () => {
    const count = sdk.fake.messages().length
    sdk.fake.reply(text('Never said.', { stallBefore: 30_000 }))
    const answer = sdk.ask(say('Tell'))
    await until('asked', () => sdk.fake.messages().length > count, 20_000)
    await crash()
    const { status, body } = await answer
    expect(status).toBe(502)
    expect(String(asJson(body.error).message)).toContain('SIGKILL ended it')
    expect((await sdk.ask(say('And now?'))).text).toBe('Hello from the fake.')
  })
})

test('a slow API gets pings under a stream, and a JSON answer its time', async () => {
  const sdk = await startSdk({
    toml: '[server]\nping_seconds = 0.2\nearly_open_seconds = 1\n[network]\nheader_timeout_seconds = 1\nidle_timeout_seconds = 1\n',
  })
  try {
    const slow = () => text('At last.', { stallBefore: 3000, stallAfterFirst: 2000 })
    sdk.fake.reply(slow(), slow())
    const [stream, whole] = await Promise.all([
      sdk.send(say('Tell', { stream: true })).then((response) => response.text()),
      sdk.ask(say('Tell')),
    ])
    expect(stream.match(/event: ping/g)?.length).toBeGreaterThan(5)
    expect(stream).toContain('event: message_stop')
    expect(whole.text).toBe('At last.')
  } finally {
    await sdk.stop()
  }
})

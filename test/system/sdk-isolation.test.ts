import { afterAll, beforeAll, describe, expect } from 'bun:test'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { tempDir } from '../support/child.ts'
import { claudePath } from '../support/claude.ts'
import { buildClaudeImage, type Docker, startDocker } from '../support/docker.ts'
import { type FakeAnthropic, startFakeAnthropic, UPSTREAM_KEY } from '../support/fake-anthropic.ts'
import { asJson, message } from '../support/fake-reply.ts'
import { needs } from '../support/needs.ts'
import { until } from '../support/wait.ts'

const IMAGE = 'ccproxy-sdk-isolation'

/** A ccproxy whose Claude Code runs isolated and may use its shell. */
interface Place {
  readonly fake: FakeAnthropic
  readonly proxy: Ccproxy
  readonly work: string
  close(): Promise<void>
}

async function startIsolated(
  settings: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Place> {
  const folder = tempDir()
  const work = join(folder.path, 'work')
  mkdirSync(work)
  const fake = await startFakeAnthropic({ lenient: true })
  const proxy = await startCcproxy({
    env: {
      DISABLE_TELEMETRY: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      ...env,
    },
    toml: [
      '[sdk]',
      `cli_path = "${claudePath()}"`,
      `cwd = "${work}"`,
      'prewarm = 0',
      'permission_rules = [{ tool = "Bash", action = "allow" }]',
      ...settings,
      '[sdk.env]',
      `ANTHROPIC_BASE_URL = "${fake.url}"`,
      `ANTHROPIC_API_KEY = "${UPSTREAM_KEY}"`,
    ].join('\n'),
  })
  const close = async () => {
    await proxy.stop()
    await fake.close()
    folder.remove()
  }
  return { fake, proxy, work, close }
}

/** Has Claude Code's shell run a command; what it printed, as the upstream is told. */
async function shell({ fake, proxy }: Place, command: string): Promise<string> {
  const before = fake.messages().length
  fake.reply(
    message([{ tool: 'Bash', input: { command, description: 'A test' } }]),
    message([{ text: 'Done.' }]),
  )
  const response = await fetch(`${proxy.url}/sdk/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
    body: JSON.stringify({
      model: 'claude-sonnet-4-5-20250929',
      max_tokens: 1000,
      messages: [{ role: 'user', content: 'Run it' }],
    }),
  })
  const reply = await response.text()
  expect([response.status, reply]).toEqual([200, expect.stringContaining('Done.')])
  return fake.messages()[before + 1]?.body.toString('utf8') ?? ''
}

function proveIsolation(test: ReturnType<typeof needs>, given: () => Place): void {
  test('what its shell writes in the working folder is there outside', async () => {
    expect(await shell(given(), 'echo made > made.txt && echo written')).toContain('written')
    expect(existsSync(join(given().work, 'made.txt'))).toBe(true)
  }, 60_000)

  test('a write outside of it fails', async () => {
    const outside = join(given().work, '..', 'outside.txt')
    const told = await shell(given(), `echo x > ${outside} || echo refused`)
    expect(told).toContain('refused')
    expect(existsSync(outside)).toBe(false)
    expect(await shell(given(), 'echo x > /usr/ccproxy-test || echo refused')).toContain('refused')
    expect(existsSync('/usr/ccproxy-test')).toBe(false)
  }, 60_000)

  test('the status tells of it', async () => {
    const status = asJson(await (await fetch(`${given().proxy.url}/sdk/status`)).json())
    expect(asJson(status.claude)).toMatchObject({ version: expect.stringMatching(/^\d+\./) })
    expect(status.reachable).toBe(true)
  }, 30_000)
}

describe('SDK mode in docker', () => {
  const test = needs('docker', 'dockerd', 'root')
  let docker: Docker
  let place: Place

  if (test !== test.skip) {
    beforeAll(async () => {
      docker = await startDocker()
      await buildClaudeImage(docker, IMAGE)
      const table = `docker = { image = "${IMAGE}", network = "host" }`
      place = await startIsolated(['isolation = "docker"', table], docker.env)
    }, 120_000)
    afterAll(async () => {
      await place.close()
      await docker.stop()
    }, 30_000)
  }
  proveIsolation(test, () => place)

  test('no container outlives ccproxy, even killed in mid-turn', async () => {
    const { fake, proxy } = place
    fake.reply(message([{ text: 'Slowly, slowly', pieces: 40 }], { pace: 500 }))
    const body = { model: 'claude-sonnet-4-5', max_tokens: 100, stream: true }
    const response = await fetch(`${proxy.url}/sdk/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
      body: JSON.stringify({ ...body, messages: [{ role: 'user', content: 'Hello' }] }),
    })
    const reader = response.body?.getReader()
    await reader?.read()
    const running = async () => (await docker.run('ps', '--all', '--quiet')).trim()
    expect(await running()).not.toBe('')
    proxy.signal('SIGKILL')
    await until('the container is gone', async () => (await running()) === '', 20_000)
    await reader?.cancel().catch(() => undefined)
  }, 60_000)
})

describe('SDK mode under bubblewrap', () => {
  const test = needs('bwrap')
  let place: Place

  if (test !== test.skip) {
    beforeAll(async () => {
      place = await startIsolated(['isolation = "bubblewrap"'], {})
    }, 30_000)
    afterAll(() => place.close())
  }
  proveIsolation(test, () => place)
})

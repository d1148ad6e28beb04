import { afterAll, afterEach, beforeAll, describe, expect } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { binaryName, hostTarget } from '../../scripts/release/targets.ts'
import { freePort } from '../support/ccproxy.ts'
import { ROOT, tempDir } from '../support/child.ts'
import { buildImage, type Docker, startDocker } from '../support/docker.ts'
import { findProgram, needs } from '../support/needs.ts'
import { until } from '../support/wait.ts'

const NEEDS = ['docker', 'dockerd', 'root'] as const
const test = needs(...NEEDS)
const here = NEEDS.every((need) => need === 'root' || findProgram(need)) && process.getuid?.() === 0
const IMAGE = 'ccproxy-test'
const TOKEN = 'client-key-of-the-test-0001'
/** As narrow as a container can be: no right, no new one, and nothing to write to but the volume. */
const NARROW = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges']

let docker: Docker
let port: string
const containers: string[] = []

beforeAll(async () => {
  if (!here) return
  const folder = tempDir()
  const build = [join(ROOT, 'scripts/build.ts'), '--target', 'host', '--outdir', folder.path]
  const built = Bun.spawnSync([process.execPath, ...build], { cwd: ROOT })
  if (built.exitCode !== 0) throw new Error(built.stderr.toString())
  docker = await startDocker()
  const path = join(folder.path, binaryName(hostTarget()))
  // No program at all in the base: not even a shell may be needed.
  const executable = { path, name: 'ccproxy' }
  await buildImage(docker, { name: IMAGE, dockerfile: 'ccproxy', executable, programs: [] })
  folder.remove()
  port = String(await freePort())
}, 180_000)

afterEach(async () => {
  for (const one of containers.splice(0)) await docker.run('rm', '--force', '--volumes', one)
})

afterAll(async () => {
  if (here) await docker.stop()
}, 30_000)

/** Starts a container as the Dockerfile says, and gives its id. */
async function start(options: readonly string[], ...command: string[]): Promise<string> {
  const args = ['--detach', '--network=host', '--env', `PORT=${port}`, ...NARROW, ...options]
  const id = (await docker.run('run', ...args, IMAGE, ...command)).trim()
  containers.push(id)
  return id
}

const inspect = async (id: string, what: string) =>
  (await docker.run('inspect', '--format', `{{${what}}}`, id)).trim()

async function untilHealth(id: string, wanted: string): Promise<void> {
  const is = async () => (await inspect(id, '.State.Health.Status')) === wanted
  await until(`the container is ${wanted}`, is, 40_000)
}

function ask(key: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key },
    body: JSON.stringify({
      model: 'claude-sonnet-5',
      max_tokens: 100,
      stream: true,
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  })
}

describe('the image of ccproxy', () => {
  test('serves from a read-only root without a right, as nobody in particular', async () => {
    const id = await start(
      ['--env', `AUTH_TOKEN=${TOKEN}`, '--health-interval=1s'],
      'demo',
      '--serve',
    )
    await untilHealth(id, 'healthy')
    expect((await ask('another')).status).toBe(401)
    const answer = await ask(TOKEN)
    expect(answer.status).toBe(200)
    expect(await answer.text()).toContain('event: message_stop')
    const status = readFileSync(`/proc/${await inspect(id, '.State.Pid')}/status`, 'utf8')
    expect(/^Uid:\s+(.*)$/m.exec(status)?.[1]).toBe('65532\t65532\t65532\t65532')
    expect(/^CapEff:\s+(.*)$/m.exec(status)?.[1]).toBe('0'.repeat(16))
    expect(await docker.run('diff', id)).toBe('')

    const started = performance.now()
    await docker.run('stop', '--time', '20', id)
    expect(await inspect(id, '.State.ExitCode')).toBe('0')
    expect(performance.now() - started).toBeLessThan(15_000)
  }, 120_000)

  test('is unhealthy while the proxy answers nothing', async () => {
    const health = ['--health-interval=1s', '--health-retries=1']
    const id = await start([...health, '--env', `AUTH_TOKEN=${TOKEN}`])
    await untilHealth(id, 'healthy')
    const pid = Number(await inspect(id, '.State.Pid'))
    process.kill(pid, 'SIGSTOP')
    await untilHealth(id, 'unhealthy')
    process.kill(pid, 'SIGCONT')
    await untilHealth(id, 'healthy')
  }, 120_000)

  test('does not start without a client key, and says how to make one', async () => {
    const id = await start([])
    expect((await docker.run('wait', id)).trim()).toBe('1')
    const outcome = Bun.spawnSync(['docker', 'logs', id], {
      env: { ...process.env, ...docker.env },
    })
    expect(outcome.stderr.toString()).toContain('ccproxy generate-token')
  }, 60_000)

  test('keeps in its volume what it is told to keep', async () => {
    const volume = ['--volume', 'kept:/data']
    const saving = await start(volume, 'generate-token', '--save')
    expect((await docker.run('wait', saving)).trim()).toBe('0')
    const token = /AUTH_TOKEN=(\S+)/.exec(await docker.run('logs', saving))?.[1] ?? ''
    const id = await start([...volume, '--health-interval=1s'], 'demo', '--serve')
    await untilHealth(id, 'healthy')
    expect((await ask(token)).status).toBe(200)
    expect((await ask('another')).status).toBe(401)
  }, 120_000)
})

import { afterAll, beforeAll, describe, expect } from 'bun:test'
import { chownSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { endIsolated, isolate } from '../../src/provider/claude-sdk/isolation.ts'
import {
  checkIsolation,
  explainIsolationFailure,
} from '../../src/provider/claude-sdk/isolation-check.ts'
import { buildClaudeImage, type Docker, startDocker } from '../support/docker.ts'
import { UPSTREAM_KEY } from '../support/fake-anthropic.ts'
import { isolationOptions, runIsolated, shellIsolated } from '../support/isolated.ts'
import { proveIsolation } from '../support/isolation-proof.ts'
import { needs } from '../support/needs.ts'
import { until } from '../support/wait.ts'

const test = needs('docker', 'dockerd', 'root')
const IMAGE = 'ccproxy-claude'

describe('Claude Code in docker', () => {
  let docker: Docker

  if (test !== test.skip) {
    beforeAll(async () => {
      docker = await startDocker()
      await buildClaudeImage(docker, IMAGE)
    }, 120_000)
    afterAll(() => docker.stop(), 30_000)
  }

  const containers = async () =>
    (await docker.run('ps', '--all', '--quiet')).split('\n').filter((line) => line !== '')

  const given = proveIsolation(test, {
    options: (home) => isolationOptions('docker', home, { image: IMAGE, network: 'host' }),
    env: () => docker.env,
    left: containers,
  })

  test('another user than root has a home to write in and owns what it makes', async () => {
    const { home, options, env, fake } = given()
    for (const folder of [home.work, home.more]) chownSync(folder, 1234, 1234)
    const as = { ...options, docker: { ...options.docker, user: '1234:1234' } }
    const script = 'echo x > made.txt; echo x > ~/x && echo x > ~/.claude/x && echo done'
    expect((await shellIsolated(home, script, as, env)).stdout).toBe('done\n')
    expect(statSync(join(home.work, 'made.txt')).uid).toBe(1234)
    const spec = home.spec(['-p', 'Hello'], { ...env, ANTHROPIC_API_KEY: UPSTREAM_KEY })
    expect(await runIsolated(spec, as)).toMatchObject({ code: 0, stdout: 'Hello from the fake.\n' })
    expect(fake.violations).toEqual([])
  }, 60_000)

  test('the image holds no user but an ordinary one, and no key', async () => {
    const config = await docker.run('image', 'inspect', '--format', '{{json .Config}}', IMAGE)
    const { User, Env } = JSON.parse(config)
    expect(User).toBe('1000:1000')
    expect(Env.map((each: string) => each.split('=')[0]).sort()).toEqual([
      ...['DISABLE_AUTOUPDATER', 'PATH'],
    ])
  })

  test('ending it ends the container of a killed client, and again does no harm', async () => {
    const { home, options, env } = given()
    const docker = { ...options.docker, cliPath: 'sleep' }
    const isolated = isolate(home.spec(['600'], env), { ...options, docker })
    const client = Bun.spawn([isolated.command, ...isolated.args], {
      ...{ cwd: isolated.cwd, env: isolated.env },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    await until('the container runs', async () => (await containers()).length === 1, 10_000)
    client.kill('SIGKILL')
    await client.exited
    expect((await containers()).length).toBe(1)
    await endIsolated(isolated)
    expect(await containers()).toEqual([])
    await endIsolated(isolated)
  }, 30_000)

  test('says what is missing: the daemon, the image, Claude Code in it', async () => {
    const { home, options, env } = given()
    const own = home.spec(['--version'], env)
    const away = { ...own.env, DOCKER_HOST: 'unix:///nowhere/docker.sock' }
    const wrong = { ...options, docker: { ...options.docker, image: 'nobody/has-this' } }
    const empty = { ...options, docker: { ...options.docker, cliPath: 'claude-not-here' } }
    expect((await checkIsolation(options, away))?.message).toContain('its daemon does not answer')
    expect((await checkIsolation(wrong, own.env))?.message).toContain('"nobody/has-this" is not th')
    const said = async (spec: typeof own, used: typeof options) => {
      const { code, stderr } = await runIsolated(spec, used)
      return explainIsolationFailure(used, { exitCode: code, stderr })?.message
    }
    expect(await said({ ...own, env: away }, options)).toContain('its daemon does not answer')
    expect(await said(own, wrong)).toContain('"nobody/has-this" is not there')
    expect(await said(own, empty)).toContain('has no "claude-not-here"; set sdk.docker.cli_path')
    expect(await containers()).toEqual([])
  }, 30_000)
})

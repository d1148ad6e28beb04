import { afterEach, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../support/ccproxy.ts'
import { tempDir } from '../../support/child.ts'
import { fakeContext } from '../fake-context.ts'
import { fakeSystemd } from './fake-systemd.ts'

const linux = test.if(process.platform === 'linux')
const cleanups: (() => void)[] = []

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

/** A user's home with a systemd that writes down what it is told, and a port where something answers. */
async function userHome(options: { version?: number; fails?: readonly string[] } = {}) {
  const home = tempDir()
  const systemd = fakeSystemd(home.path, options.version, options.fails)
  const port = await freePort()
  const server = Bun.serve({ hostname: '127.0.0.1', port, fetch: () => new Response('{}') })
  cleanups.push(
    () => home.remove(),
    () => void server.stop(true),
  )
  mkdirSync(join(home.path, '.config', 'ccproxy'), { recursive: true })
  const config = join(home.path, '.config', 'ccproxy', 'config.toml')
  writeFileSync(
    config,
    `[server]\nport = ${port}\n[providers.anthropic]\napi_key = "sk-ant-canary"\n`,
  )
  const env = {
    PATH: `${systemd.path}:/usr/bin:/bin`,
    ANTHROPIC_API_KEY: 'sk-ant-canary',
    PORT: '1',
  }
  const run = async (...args: string[]) => {
    const ownCommand = ['/opt/ccproxy/ccproxy'] as const
    const world = fakeContext({ env, home: home.path, cwd: home.path, ownCommand })
    const code = await world.run('service', ...args)
    return { code, out: world.stdout(), err: world.stderr() }
  }
  const unit = join(home.path, '.config', 'systemd', 'user', 'ccproxy.service')
  return { ...{ home: home.path, systemd, port, config, run, unit } }
}

const BINARY = ['--binary', '/opt/my tools/100%/ccproxy']

linux(
  'install writes the unit, starts it and says where it answers; again it changes nothing',
  async () => {
    const { run, systemd, unit, port, home } = await userHome()
    const first = await run('install', ...BINARY)
    expect(first.err).toBe('Starting ccproxy\nWaiting for its answer\n')
    expect(first.code).toBe(0)
    expect(first.out).toContain(`wrote ${unit}\n`)
    expect(first.out).toContain(`The service ccproxy.service runs at http://127.0.0.1:${port}\n`)
    expect(first.out).toContain('loginctl enable-linger')
    expect(first.out).toContain(`${home}/.config/ccproxy/environment (chmod 600)`)
    expect(systemd.calls()).toEqual([
      'systemctl --user daemon-reload',
      'systemctl --user enable ccproxy.service',
      'systemctl --user restart ccproxy.service',
    ])
    const text = readFileSync(unit, 'utf8')
    expect(text).toContain('ExecStart="/opt/my tools/100%%/ccproxy" serve\n')
    expect(text).toContain('Type=notify\n')
    expect(text).toContain('WatchdogSec=30\n')
    expect(text).toContain(`ReadWritePaths=${home}\n`)
    expect(text).not.toContain('canary')
    const second = await run('install', ...BINARY)
    expect(second.code).toBe(0)
    expect(second.out).toStartWith(`unchanged ${unit}\n`)
    // Running streams go on.
    expect(systemd.calls().at(-1)).toBe('systemctl --user start ccproxy.service')
    expect(readFileSync(unit, 'utf8')).toBe(text)
  },
)

linux('--dry-run shows what install would write and run, and does nothing', async () => {
  const { run, systemd, unit } = await userHome()
  const { code, out } = await run('install', '--dry-run', ...BINARY)
  expect(code).toBe(0)
  expect(systemd.calls()).toEqual([])
  expect(existsSync(unit)).toBe(false)
  expect(out).toStartWith(`# ${unit} (mode 644)\n[Unit]\n`)
  expect(out).toContain('\nsystemctl --user enable ccproxy.service\n')
  const system = await run('install', '--dry-run', '--system', ...BINARY)
  expect(system.code).toBe(0)
  expect(system.out).toContain('# /etc/systemd/system/ccproxy.service (mode 644)\n')
  expect(system.out).toContain('# /etc/ccproxy/config.toml (mode 640, only if it is not there)\n')
  expect(system.out).toContain('\nUser=ccproxy\n')
  expect(system.out).toContain('\nsystemd-sysusers /etc/sysusers.d/ccproxy.conf\n')
})

linux(
  'uninstall takes the unit away and leaves settings and data; again it has nothing to do',
  async () => {
    const { run, systemd, unit, config } = await userHome()
    await run('install', ...BINARY)
    systemd.calls()
    const { code, out } = await run('uninstall')
    expect([code, out]).toEqual([0, `removed ${unit}\nSettings, logins and data stay\n`])
    expect(systemd.calls()).toEqual([
      'systemctl --user disable --now ccproxy.service',
      'systemctl --user daemon-reload',
      'systemctl --user reset-failed ccproxy.service',
    ])
    expect(existsSync(unit)).toBe(false)
    expect(existsSync(config)).toBe(true)
    expect((await run('uninstall')).out).toBe('It was not installed\n')
  },
)

linux(
  'start, stop and restart pass on, and say what to do where nothing is installed',
  async () => {
    const { run, systemd } = await userHome()
    for (const action of ['start', 'stop', 'restart']) {
      expect((await run(action)).code).toBe(0)
      expect(systemd.calls()).toEqual([`systemctl --user ${action} ccproxy.service`])
    }
    systemd.says('LoadState=not-found\nActiveState=inactive\n')
    const { code, err } = await run('start')
    expect(code).toBe(2)
    expect(err).toContain('The service is not installed: run "ccproxy service install"')
  },
)

linux('status tells the state, and whether ccproxy answers', async () => {
  const { run, systemd, port } = await userHome()
  systemd.says('LoadState=loaded\nActiveState=active\nSubState=running\nMainPID=42\nNRestarts=3\n')
  const { code, out } = await run('status', '--json')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toEqual({
    manager: 'systemd',
    name: 'ccproxy.service',
    installed: true,
    running: true,
    state: 'active (running)',
    pid: 42,
    restarts: 3,
    url: `http://127.0.0.1:${port}`,
    answers: true,
  })
  systemd.says('LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-code\n')
  const failed = await run('status')
  expect(failed.code).toBe(1)
  expect(failed.out).toContain('failed (failed, exit-code)')
})

linux('a start that fails says where the reason stands', async () => {
  const { run } = await userHome({ fails: ['restart'] })
  const { code, err } = await run('install', ...BINARY)
  expect(code).toBe(1)
  expect(err).toContain('It does not start: "ccproxy service logs" says why\n')
  expect(err).toContain('Error: "systemctl --user restart ccproxy.service" failed: broken\n')
})

linux('a system without namespaces or a later systemd gets a unit that works there', async () => {
  const poor = await userHome({ fails: ['--wait --collect'] })
  expect((await poor.run('install', ...BINARY)).out).toContain('gives a user no namespaces')
  const text = readFileSync(poor.unit, 'utf8')
  expect(text).not.toContain('ProtectSystem')
  expect(text).toContain('NoNewPrivileges=true\n')
  expect(text).not.toContain('RestartSteps')
  const rich = await userHome({ version: 257 })
  await rich.run('install', ...BINARY)
  expect(readFileSync(rich.unit, 'utf8')).toContain('RestartSteps=7\nRestartMaxDelaySec=60\n')
})

linux('wrong settings are found before anything is written', async () => {
  const { run, systemd, unit, config } = await userHome()
  writeFileSync(config, '[server]\nprot = 1\n')
  const { code, err } = await run('install', ...BINARY)
  expect(code).toBe(1)
  expect(err).toContain('key "server.prot" is unknown (did you mean "port"?)')
  expect(systemd.calls()).toEqual([])
  expect(existsSync(unit)).toBe(false)
})

linux('what cannot be a service is refused with the way out', async () => {
  const { home, run } = await userHome()
  const binary = join(home, 'ccproxy')
  writeFileSync(binary, '')
  const refused = async (own: readonly [string, ...string[]], ...args: string[]) => {
    const world = fakeContext({ home, cwd: home, ownCommand: own, env: { PATH: '/usr/bin:/bin' } })
    expect(await world.run('service', 'install', ...args)).toBe(2)
    return world.stderr()
  }
  expect(await refused(['bun', 'src/main.ts'])).toContain('runs from its source')
  expect(await refused([binary])).toContain('is in a folder for temporary files: move ccproxy')
  if (process.getuid?.() !== 0) {
    expect((await run('install', '--system', ...BINARY)).err).toContain('needs root')
  }
  const none = await userHome({ fails: ['--user show'] })
  expect((await none.run('install', ...BINARY)).err).toContain('Your systemd does not answer: ')
})

linux('a folder for settings that is elsewhere is named in the unit', async () => {
  const { home, systemd } = await userHome()
  const folder = join(home, 'my config')
  const env = { PATH: `${systemd.path}:/usr/bin:/bin`, XDG_CONFIG_HOME: folder }
  const world = fakeContext({ env, home, cwd: home })
  expect(await world.run('service', 'install', '--dry-run', ...BINARY)).toBe(0)
  expect(world.stdout()).toContain(`Environment="XDG_CONFIG_HOME=${folder}"\n`)
  expect(world.stdout()).toContain(`EnvironmentFile=-${folder}/ccproxy/environment\n`)
  expect(world.stdout()).toContain(`# ${folder}/systemd/user/ccproxy.service`)
})

linux('logs says that there is no service rather than nothing', async () => {
  const { run, systemd } = await userHome()
  systemd.says('LoadState=not-found\nActiveState=inactive\n')
  const { err } = await run('logs')
  expect(err).toStartWith('Note: The service is not installed: run "ccproxy service install"\n')
})

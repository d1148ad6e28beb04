import { describe, expect } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { launchdPlan } from '../../src/cli/service/launchd.ts'
import { systemdSystemPlan, systemdUserPlan } from '../../src/cli/service/systemd.ts'
import { inBootedSystemd } from '../support/booted-systemd.ts'
import { ccproxyCommand } from '../support/ccproxy.ts'
import { cleanEnv, eachLine, tempDir } from '../support/child.ts'
import { claudePath } from '../support/claude.ts'
import { findProgram, needs } from '../support/needs.ts'
import { until } from '../support/wait.ts'

const OPTIONS = {
  // What systemd-analyze looks for must be there.
  binary: '/bin/true',
  home: '/home/ada & <co>',
  configFolder: '/home/ada/.config/ccproxy',
  unitFolder: '/home/ada/.config/systemd/user',
  configFile: undefined,
  variables: { XDG_CONFIG_HOME: '/home/ada/my config' },
  version: 252,
  namespaces: true,
  user: 'root',
} as const

async function run(command: readonly string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([...command], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { code, text: stdout + stderr }
}

describe('units', () => {
  const check = needs('systemd-analyze')
  for (const isolation of ['none', 'docker', 'bubblewrap'] as const) {
    check(`for sdk.isolation = "${isolation}" are what systemd-analyze wants`, async () => {
      const folder = tempDir()
      const options = { ...OPTIONS, isolation }
      const plans = { user: systemdUserPlan(options), system: systemdSystemPlan(options) }
      for (const [scope, { files }] of Object.entries(plans)) {
        const path = join(folder.path, scope, 'ccproxy.service')
        const text = files.at(-1)?.text ?? ''
        mkdirSync(join(folder.path, scope))
        // The user "ccproxy" need not be on the machine of a test.
        writeFileSync(path, text.replace('\nUser=ccproxy\nGroup=ccproxy\n', '\n'))
        const env = { XDG_RUNTIME_DIR: folder.path }
        expect(await run(['systemd-analyze', `--${scope}`, 'verify', path], env)).toEqual({
          code: 0,
          text: '',
        })
      }
      folder.remove()
    })
  }

  check("the system's service is exposed by 3.0 at most", async () => {
    const folder = tempDir()
    const { files } = systemdSystemPlan({ ...OPTIONS, isolation: 'none' })
    const path = join(folder.path, 'ccproxy.service')
    writeFileSync(path, files.at(-1)?.text ?? '')
    const { text } = await run(['systemd-analyze', 'security', '--offline=true', path])
    folder.remove()
    const level = Number(/Overall exposure level for ccproxy.service: ([\d.]+)/.exec(text)?.[1])
    expect(level).toBeLessThanOrEqual(3)
  })
})

needs('python3')("launchd's property list says what it is to say", async () => {
  const plan = launchdPlan({ ...OPTIONS, uid: 501, isolation: 'none' })
  const folder = tempDir()
  const path = join(folder.path, 'agent.plist')
  writeFileSync(path, plan.files[0]?.text ?? '')
  const script = 'import json,plistlib,sys;print(json.dumps(plistlib.load(open(sys.argv[1],"rb"))))'
  const { code, text } = await run(['python3', '-c', script, path])
  folder.remove()
  expect(code).toBe(0)
  expect(JSON.parse(text)).toEqual({
    Label: plan.name,
    ProgramArguments: ['/bin/true', 'serve'],
    WorkingDirectory: '/home/ada & <co>',
    EnvironmentVariables: { XDG_CONFIG_HOME: '/home/ada/my config' },
    RunAtLoad: true,
    KeepAlive: { SuccessfulExit: false },
    ThrottleInterval: 10,
    ExitTimeOut: 45,
    ProcessType: 'Interactive',
    Umask: 0o077,
    SoftResourceLimits: { NumberOfFiles: 8192, Core: 0 },
    StandardOutPath: '/home/ada & <co>/Library/Logs/ccproxy/ccproxy.log',
    StandardErrorPath: '/home/ada & <co>/Library/Logs/ccproxy/ccproxy.log',
  })
})

/** Prints the datagrams that come to a socket, a line of JSON each. */
const LISTENER = `
import json, socket, sys
name = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('\\0' + name[1:] if name.startswith('@') else name)
print('"bound"', flush=True)
while True: print(json.dumps(s.recv(4096).decode()), flush=True)
`

describe('the service manager is told', () => {
  for (const kind of ['a file', 'a name of the kernel'] as const) {
    needs('python3')(`by ${kind} that ccproxy is ready, lives and ends`, async () => {
      const home = tempDir()
      const socket = kind === 'a file' ? join(home.path, 'notify') : `@${home.path}`
      const python = Bun.spawn([findProgram('python3') ?? '', '-c', LISTENER, socket], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const heard: string[] = []
      void eachLine(python.stdout, (line) => heard.push(JSON.parse(line)))
      await until('the socket', () => heard.length > 0)
      const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '200000' }
      const toml = join(home.path, 'ccproxy.toml')
      writeFileSync(toml, '[server]\nport = 0\ndrain_seconds = 2\n')
      const child = Bun.spawn(ccproxyCommand(['serve', '--config', toml]), {
        cwd: home.path,
        env: cleanEnv(home.path, env),
        stdio: ['ignore', 'ignore', 'ignore'],
      })
      await until(
        'signs of life',
        () => heard.filter((one) => one === 'WATCHDOG=1').length > 2,
        15_000,
      )
      expect(heard[1]).toMatch(/^READY=1\nSTATUS=Listening on http:\/\/127\.0\.0\.1:\d+$/)
      child.kill('SIGTERM')
      expect(await child.exited).toBe(0)
      const end = heard.find((one) => one.startsWith('STOPPING=1'))
      expect(end).toBe('STOPPING=1\nSTATUS=Ending\nEXTEND_TIMEOUT_USEC=7000000')
      python.kill()
      await python.exited
      home.remove()
    })
  }
})

const MACHINE = `
ccproxy=/opt/ccproxy/ccproxy
mkdir -p /etc/ccproxy
cat >/etc/ccproxy/config.toml <<'X'
[sdk]
cli_path = "/opt/claude"
[sdk.env]
ANTHROPIC_BASE_URL = "http://127.0.0.1:8001"
ANTHROPIC_API_KEY = "sk-ant-api03-demo"
CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC = "1"
DISABLE_TELEMETRY = "1"
X
(cd /tmp; $ccproxy demo --serve --port 8001 >/dev/null 2>&1 &)
echo '## install'; $ccproxy service install --system --binary $ccproxy; echo "exit $?"
echo '## status'; $ccproxy service status --system --json
echo '## show'; systemctl show ccproxy -p StatusText,User,NRestarts,UnitFileState
echo '## sandbox'; pid=$(systemctl show ccproxy -p MainPID --value); grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):' /proc/$pid/status
echo '## health'; curl -s http://127.0.0.1:8000/health; echo
echo '## logs'; $ccproxy service logs --system
echo '## sdk'; curl -sm 60 http://127.0.0.1:8000/sdk/v1/messages -H 'content-type: application/json' -d '{"model":"claude-sonnet-5","max_tokens":100,"messages":[{"role":"user","content":"hello"}]}'; echo
echo '## crash'; kill -9 $pid; sleep 12; $ccproxy service status --system --json
echo '## stop'; $ccproxy service stop --system; echo "exit $?"
echo '## stopped'; $ccproxy service status --system --json
echo '## uninstall'; $ccproxy service uninstall --system; echo "exit $?"; $ccproxy service uninstall --system; ls /etc/systemd/system/ccproxy.service /etc/ccproxy
echo '## user'
useradd --create-home --uid 1000 --gid 100 ada
mkdir -p /run/user/1000; chown 1000:100 /run/user/1000; chmod 700 /run/user/1000
systemd-run --quiet --unit=manager --uid=1000 --gid=100 -p Delegate=yes -p Type=notify -p NotifyAccess=all -E XDG_RUNTIME_DIR=/run/user/1000 -E HOME=/home/ada /lib/systemd/systemd --user
as_ada() { (cd /home/ada; setpriv --reuid=1000 --regid=100 --clear-groups env -i HOME=/home/ada USER=ada PATH=/usr/bin:/bin XDG_RUNTIME_DIR=/run/user/1000 "$@"); }
as_ada $ccproxy service install --binary $ccproxy; echo "exit $?"
echo '## user status'; as_ada $ccproxy service status --json
echo '## user uninstall'; as_ada $ccproxy service uninstall; echo "exit $?"; as_ada $ccproxy service status
`

needs('systemd-nspawn', 'curl')(
  'a real systemd starts, watches, restarts and removes the service, of the system and of a user',
  async () => {
    const report = await inBootedSystemd(MACHINE, { '/opt/claude': claudePath() })
    expect(report.install).toContain('The service ccproxy.service runs at http://127.0.0.1:8000')
    expect(report.install).toEndWith('exit 0')
    const running = { installed: true, running: true, state: 'active (running)', answers: true }
    expect(JSON.parse(report.status ?? '')).toMatchObject(running)
    expect(report.show).toContain('StatusText=Listening on http://127.0.0.1:8000')
    expect(report.show).toContain('User=ccproxy')
    expect(report.show).toContain('UnitFileState=enabled')
    expect(report.sandbox).toMatch(/^Uid:\t[1-9]/)
    expect(report.sandbox).toContain('CapEff:\t0000000000000000')
    expect(report.sandbox).toContain('NoNewPrivs:\t1')
    expect(report.sandbox).toContain('Seccomp:\t2')
    expect(JSON.parse(report.health ?? '')).toMatchObject({ status: 'pass' })
    // The real Claude Code answers from within all that the unit forbids.
    expect(JSON.parse(report.sdk ?? '').content[0].text).toContain('You said: "hello"')
    expect(report.logs).toContain('"msg":"listening"')
    expect(JSON.parse(report.crash ?? '')).toMatchObject({ ...running, restarts: 1 })
    expect(report.stop).toEndWith('exit 0')
    expect(report.stopped).toContain('"state": "inactive (dead)"')
    expect(report.uninstall).toContain('removed /etc/systemd/system/ccproxy.service')
    expect(report.uninstall).toContain('It was not installed')
    expect(report.uninstall).toContain('/etc/ccproxy:\nconfig.toml')
    expect(report.user).toContain('loginctl enable-linger')
    expect(report.user).toEndWith('exit 0')
    expect(JSON.parse(report['user status'] ?? '')).toMatchObject(running)
    expect(report['user uninstall']).toContain('Settings, logins and data stay\nexit 0')
    expect(report['user uninstall']).toContain('installed  false')
  },
  120_000,
)

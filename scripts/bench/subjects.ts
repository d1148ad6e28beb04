import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHAT } from './chat-payload.ts'
import { MESSAGES, type WireDialect } from './payload.ts'
import { type Answers, chatAnswers, messagesAnswers, sameAnswers } from './translated.ts'

/** One started proxy. */
export interface Running {
  /** Where it listens; the upstream's own port for `direct`. */
  port: number
  /** The root of its process tree; undefined for `direct`. */
  pid: number | undefined
  /** From the spawn to the first 200 on /health. */
  startMilliseconds: number
  /** Tells whether its process has ended by itself. */
  ended(): boolean
  stop(): Promise<void>
}

/** What is measured: how its clients and its upstream talk, and how it is started. */
export interface Subject {
  name: string
  client: WireDialect
  upstream: WireDialect
  /** What its clients must get. */
  expects: Answers
  /** The command that listens on `port`, run in `home`; undefined for no proxy at all. */
  command?: (port: number, upstreamPort: number, home: string) => Command
  /** The same with nothing recorded, where it records. */
  unrecorded?: (port: number, upstreamPort: number, home: string) => Command
}

interface Command {
  argv: string[]
  env: Record<string, string>
}

/** ccproxy where the client speaks another protocol than the upstream: client-on-upstream. */
export const TRANSLATING = ['chat-on-messages', 'messages-on-chat'] as const

/** The core that belongs to the subject alone, and the one for load and upstream. */
const SUBJECT_CORE = '0'
const LOAD_CORE = '1'

const root = join(import.meta.dir, '..', '..')
const path = process.env.PATH ?? '/usr/bin:/bin'
const taskset = Bun.which('taskset')
const running = new Set<Running>()

/** Puts this process, the load and the upstream, on its own core; tells what is not as it should be. */
export function pinSelf(): string | undefined {
  if (taskset === null) return 'taskset is absent: nothing is pinned to a core'
  if (navigator.hardwareConcurrency < 2) return 'One core only: load and subjects share it'
  Bun.spawnSync([taskset, '-apc', LOAD_CORE, String(process.pid)], { stdout: 'ignore' })
  return undefined
}

function pinned(argv: string[]): string[] {
  if (taskset === null || navigator.hardwareConcurrency < 2) return argv
  return [taskset, '-c', SUBJECT_CORE, ...argv]
}

function freePort(): number {
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = probe
  probe.stop(true)
  return port
}

async function healthy(port: number): Promise<boolean> {
  try {
    const reply = await fetch(`http://127.0.0.1:${port}/health`, { keepalive: false })
    await reply.arrayBuffer()
    return reply.status === 200
  } catch {
    // Not listening yet.
    return false
  }
}

/** Starts a subject and waits for its health. */
export async function start(subject: Subject, upstreamPort: number): Promise<Running> {
  if (subject.command === undefined) {
    const nothing = { ended: () => false, stop: async () => {}, startMilliseconds: 0 }
    return { port: upstreamPort, pid: undefined, ...nothing }
  }
  const home = mkdtempSync(join(tmpdir(), 'ccproxy-bench-'))
  const port = freePort()
  const { argv, env } = subject.command(port, upstreamPort, home)
  const log = join(home, 'stderr.log')
  const began = performance.now()
  const child = Bun.spawn(pinned(argv), {
    cwd: home,
    env: { PATH: path, HOME: home, ...env },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: Bun.file(log),
  })
  const self: Running = {
    port,
    pid: child.pid,
    startMilliseconds: 0,
    ended: () => child.exitCode !== null || child.signalCode !== null,
    async stop() {
      running.delete(self)
      child.kill('SIGKILL')
      await child.exited
      rmSync(home, { recursive: true, force: true })
    },
  }
  running.add(self)
  while (!(await healthy(port))) {
    if (self.ended() || performance.now() - began > 15_000) {
      const said = existsSync(log) ? readFileSync(log, 'utf8').trim().slice(-600) : ''
      await self.stop()
      throw new Error(`Cannot start ${subject.name}: no 200 on /health\n${said}`)
    }
    await Bun.sleep(0.5)
  }
  self.startMilliseconds = performance.now() - began
  return self
}

/** Ends every child that still runs. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((one) => one.stop()))
}

function nginxCommand(nginx: string) {
  return (port: number, upstreamPort: number, home: string): Command => {
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => {
      mkdirSync(join(home, kind))
      return `${kind}_temp_path ${join(home, kind)};`
    })
    const config = `
daemon off; worker_processes 1; worker_rlimit_nofile 16384;
pid ${home}/nginx.pid; error_log stderr crit;
events { worker_connections 8192; }
http {
  access_log off; ${temp.join(' ')}
  client_max_body_size 64m; client_body_buffer_size 1m;
  keepalive_requests 10000000; keepalive_timeout 600s;
  upstream fake { server 127.0.0.1:${upstreamPort}; keepalive 1024; keepalive_requests 10000000; }
  server {
    listen 127.0.0.1:${port};
    location = /health { return 200; }
    location / {
      proxy_pass http://fake; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_read_timeout 600s;
    }
  }
}`
    writeFileSync(join(home, 'nginx.conf'), config)
    // One process and no master, so that it can be read and ended like any other child.
    return { argv: [nginx, '-c', join(home, 'nginx.conf'), '-g', 'master_process off;'], env: {} }
  }
}

type Settings = (upstreamPort: number) => Record<string, string>

const anthropic: Settings = (upstreamPort) => ({
  ANTHROPIC_UPSTREAM_URL: `http://127.0.0.1:${upstreamPort}`,
  ANTHROPIC_API_KEY: 'sk-ant-api03-bench',
})

const openai: Settings = (upstreamPort) => ({
  UPSTREAM_BASE_URL: `http://127.0.0.1:${upstreamPort}/v1`,
  UPSTREAM_API_KEY: 'sk-bench',
})

/** All that records, which the defaults have on, off. */
const NO_RECORD = {
  RECORD__LEDGER: 'false',
  RECORD__METRICS: 'false',
  RECORD__LOGS: 'false',
  RECORD__DASHBOARD: 'false',
}

function ccproxyCommand(executable: string[], settings: Settings) {
  return (port: number, upstreamPort: number): Command => ({
    argv: [...executable, 'serve', '--port', String(port)],
    env: settings(upstreamPort),
  })
}

/** How ccproxy is run: a binary, or from source. */
export interface CcproxyChoice {
  source: boolean
  binary: string | undefined
}

function hostBinary(): string {
  return join(root, 'dist', `ccproxy-${process.platform}-${process.arch}`)
}

async function ccproxyExecutable({ source, binary }: CcproxyChoice): Promise<string[]> {
  if (source) return [process.execPath, join(root, 'src', 'main.ts')]
  const file = binary ?? hostBinary()
  if (!existsSync(file) && binary === undefined) {
    const build = Bun.spawn([process.execPath, 'run', 'build', '--target', 'host'], {
      cwd: root,
      stdout: 'ignore',
      stderr: 'inherit',
    })
    await build.exited
  }
  if (!existsSync(file)) throw new Error(`Cannot find "${file}": run \`bun run build\` first`)
  return [file]
}

/** The subjects of a run, and a notice for each that cannot be measured here. */
export async function chooseSubjects(choice: CcproxyChoice, wanted: string[]) {
  const has = (name: string) => wanted.length === 0 || wanted.includes(name)
  const both = { client: MESSAGES, upstream: MESSAGES, expects: sameAnswers(MESSAGES) }
  const subjects: Subject[] = [{ name: 'direct', ...both }]
  const notices: string[] = []
  const nginx = Bun.which('nginx') ?? (existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : null)
  if (nginx === null) {
    notices.push('nginx is absent (apt-get install nginx-light): skipped, no ratios to it')
  } else if (has('nginx')) {
    subjects.push({ name: 'nginx', ...both, command: nginxCommand(nginx) })
  }
  if (has('bare')) subjects.push({ name: 'bare', ...both, command: bareCommand })
  subjects.push(...(await ccproxySubjects(choice, has)))
  return { subjects, notices }
}

async function ccproxySubjects(
  choice: CcproxyChoice,
  has: (name: string) => boolean,
): Promise<Subject[]> {
  const wanted = ['ccproxy', ...TRANSLATING].filter(has)
  if (wanted.length === 0) return []
  const executable = await ccproxyExecutable(choice)
  const onMessages = { upstream: MESSAGES, command: ccproxyCommand(executable, anthropic) }
  const unrecorded = ccproxyCommand(executable, (upstreamPort) => ({
    ...anthropic(upstreamPort),
    ...NO_RECORD,
  }))
  const onChat = { upstream: CHAT, command: ccproxyCommand(executable, openai) }
  const subjects: Subject[] = [
    {
      ...{ name: 'ccproxy', client: MESSAGES, expects: sameAnswers(MESSAGES) },
      ...{ ...onMessages, unrecorded },
    },
    { name: TRANSLATING[0], client: CHAT, expects: chatAnswers, ...onMessages },
    { name: TRANSLATING[1], client: MESSAGES, expects: messagesAnswers, ...onChat },
  ]
  return subjects.filter(({ name }) => wanted.includes(name))
}

function bareCommand(port: number, upstreamPort: number): Command {
  const script = join(import.meta.dir, 'bare.ts')
  return {
    argv: [process.execPath, script, String(port), `http://127.0.0.1:${upstreamPort}`],
    // Without it fetch runs 256 requests at once, and the rest of 1000 streams would wait.
    env: { BUN_CONFIG_MAX_HTTP_REQUESTS: '65336' },
  }
}

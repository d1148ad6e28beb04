import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './ccproxy.ts'
import { findProgram } from './needs.ts'

/** A PostgreSQL server of the test's own. */
export interface Postgres {
  /** Its address, with a password that must be seen nowhere. */
  url(database: string): string
  start(): void
  /** Ends it at once, as a crash does. */
  stop(): void
  /** Sends a signal to all of its processes: `SIGSTOP` lets connections stand and answers nothing. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  remove(): void
}

/** The password in the addresses; the server trusts everybody, so that it only has to be kept secret. */
export const PASSWORD = 'canary-of-the-database'

/** Makes a cluster in a fresh directory and starts it on a free port of this machine. */
export async function startPostgres(): Promise<Postgres> {
  const control = findProgram('pg_ctl')
  if (control === undefined) throw new Error('PostgreSQL is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'ccproxy-postgres-'))
  const port = await freePort()
  const data = join(folder, 'data')
  const root = process.getuid?.() === 0
  if (root) chownSync(folder, idOf('-u'), idOf('-g'))
  // It refuses to run as root; Debian's package makes a user for it.
  const run = (...args: string[]) => {
    const command = root
      ? ['runuser', '-u', 'postgres', '--', control, ...args]
      : [control, ...args]
    // Not a pipe: the server would keep it open.
    const log = Bun.file(join(folder, 'command.log'))
    const { exitCode } = Bun.spawnSync(command, { cwd: folder, stdio: ['ignore', log, log] })
    return exitCode
  }
  const expectDone = (what: string, code: number) => {
    if (code !== 0) throw new Error(`Cannot ${what} PostgreSQL: exit code ${code}`)
  }
  expectDone('make', run('initdb', '-D', data, '-o', '-A trust -U ccproxy --no-sync -E UTF8'))
  const start = () => {
    const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=off`
    expectDone('start', run('start', '-w', '-D', data, '-l', join(data, 'log'), '-o', options))
  }
  const stop = () => {
    run('stop', '-w', '-D', data, '-m', 'immediate')
  }
  start()
  return {
    url: (database) => `postgres://ccproxy:${PASSWORD}@127.0.0.1:${port}/${database}`,
    start,
    stop,
    signal(signal) {
      const main = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0] ?? ''
      const children = Bun.spawnSync(['pgrep', '-P', main]).stdout.toString().split('\n')
      for (const pid of [main, ...children]) if (pid !== '') process.kill(Number(pid), signal)
    },
    remove() {
      stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function idOf(flag: '-u' | '-g'): number {
  return Number(Bun.spawnSync(['id', flag, 'postgres']).stdout.toString())
}

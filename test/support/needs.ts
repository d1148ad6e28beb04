import { test } from 'bun:test'
import { appendFileSync, existsSync, readdirSync } from 'node:fs'

/** Programs that a test of test/system may need, and the Debian package that has each. */
const PACKAGES = {
  busybox: 'busybox',
  bwrap: 'bubblewrap',
  chromium: 'chromium',
  curl: 'curl',
  dash: 'dash',
  docker: 'docker.io',
  dockerd: 'docker.io',
  fish: 'fish',
  nginx: 'nginx-light',
  openssl: 'openssl',
  promtool: 'prometheus',
  pg_ctl: 'postgresql',
  python3: 'python3',
  shellcheck: 'shellcheck',
  shfmt: 'shfmt',
  systemctl: 'systemd',
  'systemd-analyze': 'systemd',
  'systemd-nspawn': 'systemd-container',
  wget: 'wget',
  zsh: 'zsh',
} as const

const POSTGRES = '/usr/lib/postgresql'

/** A program that a test may need, or the rights of root. */
export type Need = keyof typeof PACKAGES | 'root'

/** Where a program is, or nothing; daemons live in directories that a user's PATH leaves out. */
export function findProgram(program: string): string | undefined {
  const path = [process.env.PATH ?? '', '/usr/local/sbin:/usr/sbin:/sbin', ...versioned()].join(':')
  return Bun.which(program, { PATH: path }) ?? undefined
}

/** Debian keeps the versions of PostgreSQL apart; the newest comes first. */
function versioned(): string[] {
  if (!existsSync(POSTGRES)) return []
  const versions = readdirSync(POSTGRES).sort((one, other) => Number(other) - Number(one))
  return versions.map((version) => `${POSTGRES}/${version}/bin`)
}

/**
 * `test` where all of these programs are installed; elsewhere `test.skip`, and the run's summary
 * names what is missing and what would install it.
 */
export function needs(...programs: Need[]): typeof test {
  const missing = programs.filter((program) => !isThere(program))
  if (missing.length === 0) return test
  const file = Bun.main.replaceAll('\\', '/').replace(/^.*\/(test\/)/, '$1')
  const packages = missing.flatMap((need) => (need === 'root' ? [] : [PACKAGES[need]]))
  const install =
    packages.length === 0 ? '' : ` (apt-get install ${[...new Set(packages)].join(' ')})`
  note(`${file} needs ${missing.join(', ')}${install}`)
  return test.skip as typeof test
}

function isThere(need: Need): boolean {
  return need === 'root' ? process.getuid?.() === 0 : findProgram(need) !== undefined
}

function note(line: string): void {
  const list = process.env.CCPROXY_TEST_NOT_RUN
  if (list === undefined) console.error(`Not run: ${line}`)
  else appendFileSync(list, `${line}\n`)
}

import { test } from 'bun:test'
import { appendFileSync } from 'node:fs'

/** Programs that a test of test/system may need, and the Debian package that has each. */
const PACKAGES = {
  bwrap: 'bubblewrap',
  chromium: 'chromium',
  curl: 'curl',
  fish: 'fish',
  nginx: 'nginx-light',
  openssl: 'openssl',
  python3: 'python3',
  systemctl: 'systemd',
  'systemd-analyze': 'systemd',
  'systemd-nspawn': 'systemd-container',
  zsh: 'zsh',
} as const

/** A program that a test may need. */
export type Need = keyof typeof PACKAGES

/** Where a program is, or nothing; daemons live in directories that a user's PATH leaves out. */
export function findProgram(program: string): string | undefined {
  const path = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`
  return Bun.which(program, { PATH: path }) ?? undefined
}

/**
 * `test` where all of these programs are installed; elsewhere `test.skip`, and the run's summary
 * names what is missing and what would install it.
 */
export function needs(...programs: Need[]): typeof test {
  const missing = programs.filter((program) => findProgram(program) === undefined)
  if (missing.length === 0) return test
  const file = Bun.main.replaceAll('\\', '/').replace(/^.*\/(test\/)/, '$1')
  const packages = missing.map((program) => PACKAGES[program]).join(' ')
  note(`${file} needs ${missing.join(', ')} (apt-get install ${packages})`)
  return test.skip as typeof test
}

function note(line: string): void {
  const list = process.env.CCPROXY_TEST_NOT_RUN
  if (list === undefined) console.error(`Not run: ${line}`)
  else appendFileSync(list, `${line}\n`)
}

import { expect } from 'bun:test'
import { ROOT } from '../support/child.ts'
import { findProgram, needs } from '../support/needs.ts'

const SCRIPTS = ['scripts/install.sh', '.ci/run']

function check(program: string, ...args: string[]): { code: number; output: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([findProgram(program) ?? program, ...args], {
    cwd: ROOT,
  })
  return { code: exitCode, output: `${stdout}${stderr}` }
}

needs('shellcheck')('shellcheck finds nothing in the shell scripts', () => {
  expect(check('shellcheck', ...SCRIPTS)).toEqual({ code: 0, output: '' })
})

needs('shfmt')('shfmt would change nothing in the shell scripts', () => {
  expect(check('shfmt', '-d', ...SCRIPTS)).toEqual({ code: 0, output: '' })
})

import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser'
import manifest from '../../package.json' with { type: 'json' }
import { ROOT } from '../support/child.ts'

const FOLDER = join(ROOT, '.github', 'workflows')
const WORKFLOWS = readdirSync(FOLDER).map((name) => ({
  name,
  content: readFileSync(join(FOLDER, name), 'utf8'),
}))

/** What GitHub's own parser finds wrong. */
function problems(name: string, content: string): string[] {
  const { context } = parseWorkflow({ name, content }, new NoOperationTraceWriter())
  return context.errors.getErrors().map((error) => error.message)
}

describe.each(WORKFLOWS)('$name', ({ name, content }) => {
  test('is a workflow to GitHub', () => {
    expect(problems(name, content)).toEqual([])
  })

  test('takes actions by commit alone, with the version beside it', () => {
    const uses = [...content.matchAll(/uses: (.+)/g)].map(([, one = '']) => one)
    expect(uses.length).toBeGreaterThan(0)
    for (const one of uses) {
      expect(one).toMatch(/^(\.\/.+\.yml|[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/)
    }
  })

  test('gives no job more than it needs', () => {
    expect(content).toMatch(/^permissions:( \{\}|\n {2}contents: read)$/m)
    expect(content).not.toContain('pull_request_target')
    // An expression within a script is a way in for whoever names a branch or a tag.
    for (const [, script = ''] of content.matchAll(/run: (.+)/g))
      expect(script).not.toContain('${{')
  })

  test('runs the Bun of the project', () => {
    for (const [, version] of content.matchAll(/npx -y (bun@\S+)/g)) {
      expect(version).toBe(manifest.packageManager)
    }
  })
})

test('the parser finds what is wrong', () => {
  const ci = WORKFLOWS.find(({ name }) => name === 'ci.yml')?.content ?? ''
  expect(problems('a.yml', ci.replace('steps:', 'stepz:'))).not.toEqual([])
  expect(problems('b.yml', ci.replace('github.ref }}', 'githb.ref }}'))).not.toEqual([])
  expect(problems('c.yml', ci.replace('contents: read', 'contents: reed'))).not.toEqual([])
})

test('only publishing may write, and only after CI', () => {
  const release = WORKFLOWS.find(({ name }) => name === 'release.yml')?.content ?? ''
  const [before = '', publish = ''] = release.split('\n  publish:\n')
  expect(before).not.toContain('write')
  expect(publish.match(/^ +\S+: write$/gm)?.map((line) => line.trim())).toEqual([
    'contents: write',
    'id-token: write',
    'attestations: write',
  ])
  expect(publish).toContain('needs: [ci, build]')
})

import { Type } from '@sinclair/typebox'
import { leaf, oneOf, section, textMap } from './leaf.ts'

const permissionRule = section('A rule that answers tool requests without asking', {
  tool: leaf(Type.String({ minLength: 1 }), {
    description: 'Name of the tool, exact or with *: Bash, mcp__files__*',
  }),
  match: Type.Optional(
    leaf(Type.String({ minLength: 1 }), {
      description: "What the tool's command, path or URL must look like, with *",
    }),
  ),
  action: leaf(oneOf(['allow', 'deny', 'ask']), { description: 'What happens then' }),
})

const docker = section('How Claude Code runs in a container', {
  image: leaf(Type.Optional(Type.String({ minLength: 1 })), {
    description: 'Image that holds Claude Code',
    example: 'ccproxy-claude',
  }),
  command: leaf(Type.String({ default: 'docker', minLength: 1 }), {
    description: 'The docker command, or one that takes its arguments, as podman does',
  }),
  cli_path: leaf(Type.String({ default: 'claude', minLength: 1 }), {
    description: 'Claude Code inside the image',
  }),
  mounts: leaf(Type.Array(Type.String(), { default: [] }), {
    description: 'Further folders as host:container[:ro]',
  }),
  user: leaf(Type.Optional(Type.String({ minLength: 1 })), {
    description: 'User and group inside, as uid:gid; without it those of ccproxy',
    example: '1000:1000',
  }),
  network: leaf(Type.String({ default: 'bridge', minLength: 1 }), {
    description: 'Network of the container: bridge, host, none, or a name',
  }),
  args: leaf(Type.Array(Type.String(), { default: [] }), {
    description: 'Further arguments of docker run',
  }),
})

const bubblewrap = section('How Claude Code runs under bubblewrap', {
  command: leaf(Type.String({ default: 'bwrap', minLength: 1 }), {
    description: 'The bwrap command',
  }),
  network: leaf(Type.Boolean({ default: true }), {
    description: 'Whether Claude Code reaches the network (it needs Anthropic)',
  }),
  args: leaf(Type.Array(Type.String(), { default: [] }), {
    description: 'Further arguments of bwrap, before the command',
  }),
})

/** The `[sdk]` table: how the user's own Claude Code serves requests. */
export const sdk = section('The local Claude Code behind /sdk', {
  cli_path: leaf(Type.Optional(Type.String({ minLength: 1 })), {
    description: 'The claude executable; without it PATH and the usual places are searched',
    example: '/usr/local/bin/claude',
  }),
  cwd: leaf(Type.Optional(Type.String({ minLength: 1 })), {
    description: 'Folder that Claude Code works in; without it an empty one of its own',
    example: '/home/me/project',
  }),
  add_dirs: leaf(Type.Array(Type.String(), { default: [] }), {
    description: 'Further folders that its tools may touch',
  }),
  env: leaf(textMap({ default: {} }), {
    description: 'Environment variables for Claude Code, over those of ccproxy',
    secret: true,
  }),
  tools: leaf(
    Type.Union([oneOf(['default', 'none']), Type.Array(Type.String())], { default: 'default' }),
    { description: "Claude Code's own tools that exist: default, none, or a list of names" },
  ),
  mix_tools: leaf(Type.Boolean({ default: false }), {
    description: "Keep Claude Code's own tools where a request brings tools of its own",
  }),
  allowed_tools: leaf(Type.Array(Type.String(), { default: [] }), {
    description: 'Tools that run without asking, as in Claude Code: Read, Bash(git log:*)',
  }),
  disallowed_tools: leaf(Type.Array(Type.String(), { default: [] }), {
    description: 'Tools that never run',
  }),
  permission_mode: leaf(
    oneOf(['default', 'acceptEdits', 'plan', 'dontAsk', 'bypassPermissions'], {
      default: 'default',
    }),
    { description: 'What happens to a tool that no rule allows; default asks' },
  ),
  permission_rules: leaf(Type.Array(permissionRule, { default: [] }), {
    description: 'Rules that answer tool requests without asking; the first that fits',
  }),
  permission_timeout_seconds: leaf(Type.Number({ default: 30, minimum: 1 }), {
    description: 'How long a tool request waits for an answer; then it is denied',
  }),
  mcp_servers: leaf(
    Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()), { default: {} }),
    { description: "Further MCP servers, by name, in Claude Code's form", secret: true },
  ),
  setting_sources: leaf(
    Type.Array(oneOf(['user', 'project', 'local']), { default: ['user', 'project', 'local'] }),
    { description: "Which of Claude Code's own settings files count; [] isolates it from all" },
  ),
  message_mode: leaf(oneOf(['forward', 'ignore', 'formatted'], { default: 'forward' }), {
    description: "How traces of Claude Code's own tools reach the caller",
  }),
  max_turns: leaf(Type.Optional(Type.Integer({ minimum: 1 })), {
    description: 'How many turns Claude Code may take for one request',
    example: 20,
  }),
  max_sessions: leaf(Type.Integer({ default: 16, minimum: 1 }), {
    description: 'How many Claude Codes may run at once',
  }),
  session_idle_seconds: leaf(Type.Number({ default: 900, minimum: 1 }), {
    description: 'How long a conversation is kept warm without a request',
  }),
  session_lifetime_seconds: leaf(Type.Number({ default: 14_400, minimum: 1 }), {
    description: 'How long a conversation is kept warm at most',
  }),
  prewarm: leaf(Type.Integer({ default: 1, minimum: 0, maximum: 16 }), {
    description: 'How many Claude Codes wait, started, for new conversations once /sdk is in use',
  }),
  start_timeout_seconds: leaf(Type.Number({ default: 60, minimum: 1 }), {
    description: 'How long Claude Code may take to start',
  }),
  isolation: leaf(oneOf(['none', 'docker', 'bubblewrap'], { default: 'none' }), {
    description: 'What Claude Code runs in',
  }),
  docker,
  bubblewrap,
})

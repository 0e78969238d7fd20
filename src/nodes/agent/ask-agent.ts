/** Asks the agent of this host over its control socket: one question, one answer. */
import { connect } from 'node:net';
import { type AgentStatus, type ControlReply, type ControlRequest, controlLimits, controlReply } from './control-messages.ts';
import { jsonIn, readLine } from './line.ts';

/** Why there is no status. */
export class AskAgentError extends Error {
  /** `refused`: the agent answered. `unreachable`: none did. */
  readonly kind: 'refused' | 'unreachable';
  /** Of a refusal: its code. */
  readonly code: string | undefined;
  readonly remedy: string;
  constructor(kind: AskAgentError['kind'], message: string, remedy: string, code?: string) {
    super(message);
    this.name = 'AskAgentError';
    this.kind = kind;
    this.code = code;
    this.remedy = remedy;
  }
}

const answerWithinMs = 10_000;

type Carried = Extract<ControlReply, { ok: true }>;

/** The status after the request was carried out. Rejects with an `AskAgentError`. */
export async function askAgent(path: string, request: ControlRequest): Promise<AgentStatus> {
  return (await askWhole(path, request)).status;
}

/** The gossip keys that the agent has after the request was carried out. Rejects with an `AskAgentError`. */
export async function askAgentKeys(path: string, request: ControlRequest): Promise<NonNullable<Carried['keys']>> {
  return (await askWhole(path, request)).keys ?? [];
}

async function askWhole(path: string, request: ControlRequest): Promise<Carried> {
  const line = await exchange(path, `${JSON.stringify(request)}\n`);
  const reply = controlReply.safeParse(line === undefined ? undefined : jsonIn(line));
  if (!reply.success)
    throw unreachable(
      `what listens on ${path} does not answer as an agent of this version does`,
      'restart the agent where opengslb was upgraded since it started, or ask with the version that it is',
    );
  if (reply.data.ok) return reply.data;
  throw new AskAgentError('refused', reply.data.error, reply.data.remedy, reply.data.code);
}

async function exchange(path: string, line: string): Promise<string | undefined> {
  const socket = connect(path);
  socket.setTimeout(answerWithinMs, () => socket.destroy());
  try {
    await new Promise<void>((connected, failed) => {
      socket.once('connect', connected);
      socket.once('error', failed);
    });
    socket.on('error', () => socket.destroy());
    socket.write(line);
    return await readLine(socket, controlLimits.replyBytesMax);
  } catch (error) {
    throw whyUnreachable(path, error as NodeJS.ErrnoException);
  } finally {
    socket.destroy();
  }
}

function whyUnreachable(path: string, { code, message }: NodeJS.ErrnoException): AskAgentError {
  switch (code) {
    case 'ENOENT':
      return unreachable(`no agent listens on ${path}`, 'start it, or name its socket with --socket, or its configuration with --config');
    case 'ECONNREFUSED':
      return unreachable(`the agent that listened on ${path} is gone`, 'start it');
    case 'EACCES':
    case 'EPERM':
      return unreachable(`this user may not speak with the agent on ${path}`, "ask as the agent's user, or as root");
    default:
      return unreachable(`the agent on ${path} cannot be asked: ${message}`, 'name its socket with --socket');
  }
}

function unreachable(message: string, remedy: string): AskAgentError {
  return new AskAgentError('unreachable', message, remedy);
}

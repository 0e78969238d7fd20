/** One route as it was registered: the schemas that it is held against, and the role that it needs. */
import type { z } from 'zod';
import type { Access } from './identity.ts';

export interface Route {
  readonly method: string;
  /** With `{name}` where a part of the path varies. */
  readonly path: string;
  readonly access: Access | undefined;
  readonly schema: RouteSchemas;
}

export interface RouteSchemas {
  readonly params?: z.ZodType;
  readonly querystring?: z.ZodType;
  readonly headers?: z.ZodType;
  readonly body?: z.ZodType;
  readonly response?: Readonly<Record<string, z.ZodType>>;
}

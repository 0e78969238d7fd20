# One image for every way of running opengslb. The first stage compiles, the second holds what runs and nothing else.

FROM node:20-bookworm-slim AS build
WORKDIR /build
COPY .npmrc package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npx tsc -p tsconfig.build.json && npm prune --omit=dev

FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /opt/opengslb
COPY LICENSE package.json ./
COPY config config
COPY replay-fixtures replay-fixtures
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist

# `opengslb` by name, for the entry point and for `docker exec`. The log's folder belongs to the user that runs it.
RUN printf '#!/bin/sh\nexec node /opt/opengslb/dist/cli/main.js "$@"\n' > /usr/local/bin/opengslb \
  && chmod 755 /usr/local/bin/opengslb \
  && install -d -o node -g node -m 0700 /var/lib/opengslb
VOLUME /var/lib/opengslb

# Docker lets every user of a container take port 53. Where the runtime does not, add the capability NET_BIND_SERVICE.
USER node
EXPOSE 53/udp 53/tcp 8080 7946/udp 7946/tcp
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/api/v1/live').then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["opengslb"]
CMD ["overwatch", "--config", "/etc/opengslb/config.yaml"]

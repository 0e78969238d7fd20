/*
 * What both load generators have in common: their arguments, the queries as bytes, made beforehand, the order in which
 * they are sent, and what is counted of the replies. The order comes from a seed, so that every server is asked the same.
 *
 *   PORT MILLISECONDS NAMES   NAMES: a file with one name a line
 *   -w N  on their way at once (closed loop)      -r N  a second, whatever comes back (open loop, UDP)
 *   -k N  sockets or connections                  -S N  seed
 *   -z    by Zipf's law instead of uniformly      -x    names that are not there: an x before the first label
 *   -e    with EDNS     -d  and DO                -c    and a client subnet, another /24 each time
 */
#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { query_bytes = 320, header_bytes = 12, orders = 1 << 20, batch = 64, sockets_most = 256 };

struct query {
  uint16_t length;
  unsigned char bytes[query_bytes - 2];
};

struct arguments {
  int port, milliseconds, window, rate, sockets, zipf, missing, edns, dnssec, subnet;
  uint64_t seed;
  const char *names;
};

struct counts {
  long long sent, replies, answers, truncated, bytes, strange, lost, rcodes[16];
};

static struct query *queries;
static uint32_t *order;

static uint64_t next_random(uint64_t *state) {
  uint64_t x = *state += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

static long long now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static struct arguments read_arguments(int count, char **words) {
  struct arguments given = {.window = 256, .sockets = 1, .seed = 1};
  for (int option; (option = getopt(count, words, "w:r:k:S:zxedc")) != -1;) {
    switch (option) {
      case 'w': given.window = atoi(optarg); break;
      case 'r': given.rate = atoi(optarg); break;
      case 'k': given.sockets = atoi(optarg); break;
      case 'S': given.seed = strtoull(optarg, NULL, 10); break;
      case 'z': given.zipf = 1; break;
      case 'x': given.missing = 1; break;
      case 'c': given.subnet = given.edns = 1; break;
      case 'd': given.dnssec = given.edns = 1; break;
      case 'e': given.edns = 1; break;
      default: exit(2);
    }
  }
  if (count - optind != 3 || given.sockets < 1 || given.sockets > sockets_most) exit(2);
  given.port = atoi(words[optind]);
  given.milliseconds = atoi(words[optind + 1]);
  given.names = words[optind + 2];
  return given;
}

/* Header, question, and what the options add. Whatever is sent is a query for A. */
static int write_query(struct query *query, const char *name, const struct arguments *given) {
  unsigned char *bytes = query->bytes;
  static const unsigned char header[header_bytes] = {[2] = 1, [5] = 1};
  memcpy(bytes, header, header_bytes);
  int at = header_bytes;
  for (const char *label = name; *label && at < 240;) {
    int length = (int)strcspn(label, "."), extra = given->missing && label == name;
    if (length + extra > 63) return 0;
    bytes[at++] = (unsigned char)(length + extra);
    if (extra) bytes[at++] = 'x';
    memcpy(bytes + at, label, (size_t)length);
    at += length;
    label += length + (label[length] == '.');
  }
  static const unsigned char question_end[] = {0, 0, 1, 0, 1};
  memcpy(bytes + at, question_end, sizeof question_end);
  at += (int)sizeof question_end;
  if (given->edns) {
    const unsigned char opt[] = {0, 0, 41, 0x04, 0xd0, 0, 0, given->dnssec ? 0x80 : 0, 0, 0, given->subnet ? 11 : 0};
    static const unsigned char subnet[] = {0, 8, 0, 7, 0, 1, 24, 0, 10, 0, 0};
    memcpy(bytes + at, opt, sizeof opt);
    at += (int)sizeof opt;
    if (given->subnet) memcpy(bytes + at, subnet, sizeof subnet), at += (int)sizeof subnet;
    bytes[11] = 1;
  }
  return query->length = (uint16_t)at;
}

static uint32_t read_names(const struct arguments *given) {
  FILE *file = fopen(given->names, "r");
  if (file == NULL) perror(given->names), exit(1);
  uint32_t count = 0, room = 0;
  for (char line[300]; fgets(line, sizeof line, file) != NULL;) {
    line[strcspn(line, "\r\n")] = 0;
    if (*line == 0) continue;
    if (count == room) queries = realloc(queries, (room = room ? 2 * room : 1024) * sizeof *queries);
    if (write_query(&queries[count], line, given) > 0) count++;
  }
  fclose(file);
  if (count == 0) fprintf(stderr, "%s names nothing\n", given->names), exit(1);
  return count;
}

/* Under Zipf the rank of a name is left to chance, so that the popular ones are no neighbours. */
static void make_order(uint32_t names, const struct arguments *given) {
  uint64_t random = given->seed;
  uint32_t *ranked = malloc(names * sizeof *ranked);
  double *upto = malloc(names * sizeof *upto), sum = 0;
  for (uint32_t name = 0; name < names; name++) ranked[name] = name, upto[name] = sum += given->zipf ? 1.0 / (name + 1) : 1.0;
  for (uint32_t left = names; left > 1; left--) {
    uint32_t other = (uint32_t)(next_random(&random) % left), kept = ranked[left - 1];
    ranked[left - 1] = ranked[other];
    ranked[other] = kept;
  }
  order = malloc(orders * sizeof *order);
  for (uint32_t place = 0; place < orders; place++) {
    double drawn = sum * (double)(next_random(&random) >> 11) / 9007199254740992.0;
    uint32_t low = 0, high = names - 1;
    while (low < high) {
      uint32_t middle = low + (high - low) / 2;
      if (upto[middle] > drawn) high = middle;
      else low = middle + 1;
    }
    order[place] = ranked[low];
  }
  free(ranked);
  free(upto);
}

/* The query that is the `turn`th, with an id of its own; its length. */
static int take_query(unsigned char *to, long long turn, const struct arguments *given) {
  const struct query *query = &queries[order[turn & (orders - 1)]];
  memcpy(to, query->bytes, query->length);
  to[0] = (unsigned char)(turn >> 8);
  to[1] = (unsigned char)turn;
  if (given->subnet) {
    uint32_t network = (uint32_t)turn * 2654435761u;
    to[query->length - 2] = (unsigned char)(network >> 24);
    to[query->length - 1] = (unsigned char)(network >> 16);
  }
  return query->length;
}

static void count_reply(struct counts *counts, const unsigned char *bytes, int length) {
  if (length < header_bytes || (bytes[2] & 0x80) == 0) {
    counts->strange++;
    return;
  }
  counts->replies++;
  counts->bytes += length;
  counts->rcodes[bytes[3] & 15]++;
  if (bytes[6] || bytes[7]) counts->answers++;
  if (bytes[2] & 2) counts->truncated++;
}

/* One line of JSON, without its end. */
static void print_counts(const struct counts *counts, long long ns) {
  printf("{\"sent\":%lld,\"replies\":%lld,\"answers\":%lld,\"truncated\":%lld,\"bytes\":%lld,\"strange\":%lld,\"lost\":%lld,\"ms\":%.1f,\"rcodes\":[",
         counts->sent, counts->replies, counts->answers, counts->truncated, counts->bytes, counts->strange, counts->lost, (double)ns / 1e6);
  for (int rcode = 0; rcode < 16; rcode++) printf("%s%lld", rcode ? "," : "", counts->rcodes[rcode]);
  printf("]");
}

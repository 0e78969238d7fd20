/*
 * Asks a DNS server on 127.0.0.1 over TCP: some connections that stay open, each with its share of the queries on their
 * way at any time, pipelined (RFC 7766). A connection that the server closes ends the run: it should not. Arguments:
 * queries.h. Prints one line of JSON.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include "queries.h"

enum { buffer_bytes = 1 << 17 };

struct connection {
  int away, held, waiting;
  unsigned char in[buffer_bytes], out[buffer_bytes];
};

static struct arguments given;
static struct counts counts;
static struct pollfd sockets[sockets_most];
static struct connection *connections;
static long long turn;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void open_connections(void) {
  struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)given.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  connections = calloc((size_t)given.sockets, sizeof *connections);
  for (int index = 0; index < given.sockets; index++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    if (connect(fd, (struct sockaddr *)&peer, sizeof peer) < 0) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    sockets[index] = (struct pollfd){.fd = fd, .events = POLLIN};
  }
}

/* Fills up to the window and writes what the kernel takes; the rest goes first the next time. */
static void send_some(int index, int window) {
  struct connection *one = &connections[index];
  while (one->away < window && one->waiting < buffer_bytes - query_bytes - 2) {
    unsigned char *at = one->out + one->waiting;
    int length = take_query(at + 2, turn++, &given);
    at[0] = (unsigned char)(length >> 8);
    at[1] = (unsigned char)length;
    one->waiting += 2 + length;
    one->away++;
    counts.sent++;
  }
  if (one->waiting == 0) return;
  ssize_t sent = send(sockets[index].fd, one->out, (size_t)one->waiting, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) fail("send");
  if (sent > 0) memmove(one->out, one->out + sent, (size_t)(one->waiting -= (int)sent));
  sockets[index].events = one->waiting > 0 ? POLLIN | POLLOUT : POLLIN;
}

static void receive_some(int index) {
  struct connection *one = &connections[index];
  ssize_t received = recv(sockets[index].fd, one->in + one->held, (size_t)(buffer_bytes - one->held), MSG_DONTWAIT);
  if (received == 0) fprintf(stderr, "the server closed a connection\n"), exit(1);
  if (received < 0 && errno != EAGAIN) fail("recv");
  if (received > 0) one->held += (int)received;
  int at = 0;
  for (int length; one->held - at >= 2 && one->held - at >= 2 + (length = one->in[at] << 8 | one->in[at + 1]); at += 2 + length) {
    count_reply(&counts, one->in + at + 2, length);
    one->away--;
  }
  memmove(one->in, one->in + at, (size_t)(one->held -= at));
}

int main(int count, char **words) {
  given = read_arguments(count, words);
  make_order(read_names(&given), &given);
  open_connections();
  int window = given.window / given.sockets > 0 ? given.window / given.sockets : 1;
  long long began = now_ns(), until = began + given.milliseconds * 1000000LL;
  while (now_ns() < until) {
    for (int index = 0; index < given.sockets; index++) send_some(index, window);
    if (poll(sockets, (nfds_t)given.sockets, 1000) == 0) fprintf(stderr, "no reply for a second\n"), exit(1);
    for (int index = 0; index < given.sockets; index++)
      if (sockets[index].revents & (POLLIN | POLLHUP | POLLERR)) receive_some(index);
  }
  print_counts(&counts, now_ns() - began);
  printf("}\n");
}

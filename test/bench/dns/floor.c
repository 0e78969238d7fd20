/*
 * The floor: what the kernel asks for a datagram and its answer, with next to nothing done in between. One socket on
 * 127.0.0.1, one recvmmsg and one sendmmsg a batch. Arguments: port (0: any), slots, and `answer`, which turns each
 * query into a fixed answer with one address, or `echo`, which sends back what came. Prints the port, and serves until it
 * is killed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { most = 1024, slot_bytes = 2048, header_bytes = 12 };

static char bytes[most][slot_bytes];
static struct sockaddr_in peers[most];
static struct iovec places[most];
static struct mmsghdr headers[most];

static const char address_record[] = {(char)0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, (char)192, 0, 2, 1};

/* Behind the question, over whatever stood there. A datagram that holds no question goes back as it is. */
static int turn_into_answer(char *packet, int length) {
  int at = header_bytes;
  while (at < length && packet[at] > 0) at += 1 + packet[at];
  at += 5;
  if (at > length) return length;
  static const char flags_and_counts[] = {(char)0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0};
  memcpy(packet + 2, flags_and_counts, sizeof flags_and_counts);
  memcpy(packet + at, address_record, sizeof address_record);
  return at + (int)sizeof address_record;
}

int main(int count, char **words) {
  if (count != 4) return 2;
  int slots = atoi(words[2]), answers = strcmp(words[3], "answer") == 0;
  if (slots < 1 || slots > most) return 2;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  int room = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(fd, (struct sockaddr *)&own, sizeof own) < 0) return perror("bind"), 1;
  socklen_t length = sizeof own;
  getsockname(fd, (struct sockaddr *)&own, &length);
  printf("%d\n", ntohs(own.sin_port));
  fflush(stdout);
  for (;;) {
    for (int slot = 0; slot < slots; slot++) {
      places[slot] = (struct iovec){bytes[slot], slot_bytes - sizeof address_record};
      headers[slot].msg_hdr = (struct msghdr){.msg_name = &peers[slot], .msg_namelen = sizeof peers[slot], .msg_iov = &places[slot], .msg_iovlen = 1};
    }
    int received = recvmmsg(fd, headers, slots, MSG_WAITFORONE, NULL);
    for (int slot = 0; slot < received; slot++) {
      int held = headers[slot].msg_len;
      places[slot].iov_len = answers ? turn_into_answer(bytes[slot], held) : held;
    }
    for (int sent = 0, more; sent < received; sent += more)
      if ((more = sendmmsg(fd, headers + sent, received - sent, 0)) <= 0) more = 1;
  }
}

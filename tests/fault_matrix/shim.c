/* What stands between the gateway and the system in the fault matrix: an LD_PRELOAD library that
 * kills the process at a step, fails syncs and writes, and notes what a power cut would undo.
 * What is drawn, and what is taken back after a cut, is the harness's business (shim.py).
 *
 * ISTHMUS_FAULT_CONTROL  a file of 64 words that both sides map; see the enum `word`
 * ISTHMUS_FAULT_DATA     the folders whose files are data, separated by colons
 * ISTHMUS_FAULT_UNDO     a folder for the undo logs; without it nothing is noted
 * ISTHMUS_FAULT_PORTS    MLLP:SINK:BROKER, the ports by which sockets are told apart; 0 for none
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum word {
    KILL_EVENT = 1, /* 0: none */
    KILL_AT,        /* at which event of the kind since the count was set to 0 */
    KILL_DELAY_US,  /* how long after it */
    FIRED,
    SYNC_FAIL_AT,   /* which sync fails, of the files in SYNC_FILES; 0: none */
    SYNC_FAILS,     /* how many fail from there */
    SYNC_FILES,     /* bits: 1 log of the database, 2 database, 4 keys */
    SYNCS_FAILED,
    SYNCS_SEEN,
    WRITE_FAILS,    /* 0: none, 1: writes that make a file longer, 2: all writes to data */
    WRITES_FAILED,
    LYING,          /* syncs do nothing and say that they did: for proving the harness */
    EVENTS = 32,    /* from here on a count for each event */
    WORDS = 64,
};

enum event {
    FRAME_READ = 1,
    JOURNAL_WRITE,
    BEFORE_SYNC,
    AFTER_SYNC,
    BEFORE_ACK,
    ACK_SENT,
    BEFORE_DELIVERY,
    DELIVERY_SENT,
    SINK_ANSWERED,
    MARKED_DONE,
    SETTLED,
    KEY_SYNC,
    CHECKPOINT_WRITE,
    BEFORE_PUBLISH,
    PUBLISHED,
    CONFIRMED,
};

enum file { NO_DATA, LOG, DATABASE, KEYS, OTHER_DATA };
enum peer { NO_PEER, SENDER, SINK, BROKER };

static volatile uint32_t *control;
static const char *data_folders;
static const char *undo_folder;
static int ports[3];
static uint32_t answered, marked;
static pthread_mutex_t undoing = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("ISTHMUS_FAULT_CONTROL");
    const char *numbers = getenv("ISTHMUS_FAULT_PORTS");
    data_folders = getenv("ISTHMUS_FAULT_DATA");
    undo_folder = getenv("ISTHMUS_FAULT_UNDO");
    if (numbers)
        sscanf(numbers, "%d:%d:%d", &ports[0], &ports[1], &ports[2]);
    if (!path)
        return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0)
        return;
    size_t size = WORDS * sizeof(uint32_t);
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (map != MAP_FAILED)
        control = map;
}

static void die(void) {
    __atomic_store_n(&control[FIRED], 1, __ATOMIC_SEQ_CST);
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    for (;;)
        pause();
}

static void *die_later(void *unused) {
    (void)unused;
    struct timespec wait = {0, (long)control[KILL_DELAY_US] * 1000};
    nanosleep(&wait, NULL);
    die();
    return NULL;
}

/* Counts an event, and ends the process when it is the one. */
static void happened(enum event event) {
    if (!control)
        return;
    uint32_t count = __atomic_add_fetch(&control[EVENTS + event], 1, __ATOMIC_SEQ_CST);
    if (control[KILL_EVENT] != (uint32_t)event || control[KILL_AT] != count)
        return;
    pthread_t thread;
    if (control[KILL_DELAY_US] && !pthread_create(&thread, NULL, die_later, NULL))
        return;
    die();
}

static int ends_with(const char *text, const char *end) {
    size_t length = strlen(text), part = strlen(end);
    return length >= part && !strcmp(text + length - part, end);
}

static int is_in_data(const char *path) {
    for (const char *one = data_folders; one && *one;) {
        const char *end = strchrnul(one, ':');
        size_t length = (size_t)(end - one);
        if (length && !strncmp(path, one, length) && path[length] == '/')
            return 1;
        one = *end ? end + 1 : end;
    }
    return 0;
}

/* Which file of the store a descriptor is; the index of a log lies in memory alone. */
static enum file file_of(int fd, struct stat *about) {
    char link[64], path[4096];
    about->st_mode = 0;
    if (!data_folders || fstat(fd, about) || !S_ISREG(about->st_mode))
        return NO_DATA;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return NO_DATA;
    path[length] = 0;
    if (!is_in_data(path) || ends_with(path, "-shm"))
        return NO_DATA;
    if (ends_with(path, "/isthmus.db-wal"))
        return LOG;
    if (ends_with(path, "/isthmus.db"))
        return DATABASE;
    if (ends_with(path, "/keys.db") || ends_with(path, "/keys.db-wal"))
        return KEYS;
    return OTHER_DATA;
}

static int port_of(const struct sockaddr_storage *address) {
    if (address->ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)address)->sin_port);
    if (address->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
    return -1;
}

/* errno of the call that is looked at must stay as it is. */
static enum peer peer_of(int fd) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    int kept = errno;
    enum peer peer = NO_PEER;
    if (!getsockname(fd, (struct sockaddr *)&address, &size)) {
        if (ports[0] && port_of(&address) == ports[0]) {
            peer = SENDER;
        } else {
            size = sizeof address;
            int port = getpeername(fd, (struct sockaddr *)&address, &size) ? -1 : port_of(&address);
            peer = ports[1] && port == ports[1] ? SINK : NO_PEER;
            if (ports[2] && port == ports[2])
                peer = BROKER;
        }
    }
    errno = kept;
    return peer;
}

static void before_send(enum peer peer) {
    if (peer == SENDER)
        happened(BEFORE_ACK);
    if (peer == SINK)
        happened(BEFORE_DELIVERY);
    if (peer == BROKER)
        happened(BEFORE_PUBLISH);
}

static void after_send(enum peer peer) {
    if (peer == SENDER)
        happened(ACK_SENT);
    if (peer == SINK)
        happened(DELIVERY_SENT);
    if (peer == BROKER)
        happened(PUBLISHED);
}

static void after_receive(enum peer peer) {
    if (peer == SENDER)
        happened(FRAME_READ);
    if (peer == BROKER)
        happened(CONFIRMED);
    if (peer == SINK) {
        __atomic_store_n(&answered, 1, __ATOMIC_SEQ_CST);
        happened(SINK_ANSWERED);
    }
}

/* --- what a power cut would undo --------------------------------------------------------------
 * One log a file, named by its inode: the bytes before and after every write since the last sync.
 * It is written before the file is, so a process that dies between leaves an entry that changes
 * nothing. */

enum kind { WRITTEN = 1, CUT = 2, SYNCED = 3 };

struct entry {
    uint32_t kind, old_length, new_length, unused;
    uint64_t offset, old_size;
};

static struct log {
    ino_t inode;
    int fd;
    int poisoned; /* a sync failed: the system forgets these pages, and no later sync brings them */
} logs[64];

static struct log *log_of(ino_t inode) {
    for (int i = 0; i < 64; i++) {
        if (logs[i].inode == inode)
            return &logs[i];
        if (logs[i].inode)
            continue;
        char path[4096];
        snprintf(path, sizeof path, "%s/%llu", undo_folder, (unsigned long long)inode);
        int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND;
        int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
        logs[i].inode = inode;
        logs[i].fd = fd;
        return &logs[i];
    }
    abort();
}

static void put(int fd, const void *bytes, size_t length) {
    while (length) {
        ssize_t done = syscall(SYS_write, fd, bytes, length);
        if (done <= 0)
            abort();
        bytes = (const char *)bytes + done;
        length -= (size_t)done;
    }
}

/* Notes what stands where something will be written or cut away. Called with the lock held. */
static void note(int fd, const struct stat *about, enum kind kind, uint64_t offset,
                 const void *bytes, size_t length) {
    uint64_t size = (uint64_t)about->st_size, old = 0;
    if (kind == CUT)
        old = offset < size ? size - offset : 0;
    else if (offset < size)
        old = size - offset < length ? size - offset : length;
    char *kept = old ? malloc(old) : NULL;
    if (old && (!kept || pread(fd, kept, old, (off_t)offset) != (ssize_t)old))
        abort();
    struct entry entry = {kind, (uint32_t)old, (uint32_t)length, 0, offset, size};
    int log = log_of(about->st_ino)->fd;
    put(log, &entry, sizeof entry);
    put(log, kept, old);
    put(log, bytes, length);
    free(kept);
}

static int must_fail(enum file file, int longer) {
    uint32_t how = control ? control[WRITE_FAILS] : 0;
    if (file == NO_DATA || !how || (how == 1 && !longer))
        return 0;
    __atomic_add_fetch(&control[WRITES_FAILED], 1, __ATOMIC_SEQ_CST);
    errno = ENOSPC;
    return 1;
}

static ssize_t write_data(int fd, enum file file, const struct stat *about, const void *bytes,
                          size_t length, off_t offset, int is_at) {
    if (!is_at)
        offset = fcntl(fd, F_GETFL) & O_APPEND ? about->st_size : lseek(fd, 0, SEEK_CUR);
    if (must_fail(file, offset + (off_t)length > about->st_size))
        return -1;
    if (file == LOG) {
        happened(JOURNAL_WRITE);
        if (__atomic_exchange_n(&answered, 0, __ATOMIC_SEQ_CST)) {
            __atomic_store_n(&marked, 1, __ATOMIC_SEQ_CST);
            happened(MARKED_DONE);
        }
    }
    if (file == DATABASE)
        happened(CHECKPOINT_WRITE);
    if (undo_folder) {
        struct stat now;
        pthread_mutex_lock(&undoing);
        if (fstat(fd, &now))
            abort();
        note(fd, &now, WRITTEN, (uint64_t)offset, bytes, length);
    }
    ssize_t done = is_at ? syscall(SYS_pwrite64, fd, bytes, length, offset)
                         : syscall(SYS_write, fd, bytes, length);
    if (undo_folder)
        pthread_mutex_unlock(&undoing);
    return done;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    struct stat about;
    enum file file = file_of(fd, &about);
    if (file != NO_DATA)
        return write_data(fd, file, &about, bytes, length, 0, 0);
    enum peer peer = S_ISSOCK(about.st_mode) ? peer_of(fd) : NO_PEER;
    before_send(peer);
    ssize_t done = syscall(SYS_write, fd, bytes, length);
    if (done > 0)
        after_send(peer);
    return done;
}

static ssize_t write_at(int fd, const void *bytes, size_t length, off_t offset) {
    struct stat about;
    enum file file = file_of(fd, &about);
    if (file != NO_DATA)
        return write_data(fd, file, &about, bytes, length, offset, 1);
    return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    return write_at(fd, bytes, length, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) {
    return write_at(fd, bytes, length, offset);
}

/* Several pieces to a data file go one after the other. */
ssize_t writev(int fd, const struct iovec *pieces, int count) {
    struct stat about;
    enum file file = file_of(fd, &about);
    if (file != NO_DATA) {
        ssize_t sum = 0;
        for (int i = 0; i < count; i++) {
            ssize_t done = write(fd, pieces[i].iov_base, pieces[i].iov_len);
            if (done < 0)
                return sum ? sum : -1;
            sum += done;
            if ((size_t)done < pieces[i].iov_len)
                break;
        }
        return sum;
    }
    enum peer peer = S_ISSOCK(about.st_mode) ? peer_of(fd) : NO_PEER;
    before_send(peer);
    ssize_t done = syscall(SYS_writev, fd, pieces, count);
    if (done > 0)
        after_send(peer);
    return done;
}

static int cut_to(int fd, off_t size) {
    struct stat about;
    enum file file = file_of(fd, &about);
    if (must_fail(file, file != NO_DATA && size > about.st_size))
        return -1;
    if (file == NO_DATA || !undo_folder)
        return (int)syscall(SYS_ftruncate, fd, size);
    pthread_mutex_lock(&undoing);
    if (fstat(fd, &about))
        abort();
    note(fd, &about, CUT, (uint64_t)size, NULL, 0);
    int done = (int)syscall(SYS_ftruncate, fd, size);
    pthread_mutex_unlock(&undoing);
    return done;
}

int ftruncate(int fd, off_t size) { return cut_to(fd, size); }
int ftruncate64(int fd, off_t size) { return cut_to(fd, size); }

/* What was written before a sync began is kept once it has ended. */
static int sync_data(int fd, long call) {
    struct stat about;
    enum file file = file_of(fd, &about);
    if (file == NO_DATA)
        return (int)syscall(call, fd);
    if (file == LOG)
        happened(BEFORE_SYNC);
    if (file == KEYS)
        happened(KEY_SYNC);
    uint32_t bit = file == LOG ? 1 : file == DATABASE ? 2 : file == KEYS ? 4 : 0;
    if (control && (control[SYNC_FILES] & bit)) {
        uint32_t seen = __atomic_add_fetch(&control[SYNCS_SEEN], 1, __ATOMIC_SEQ_CST);
        uint32_t at = control[SYNC_FAIL_AT];
        if (at && seen >= at && seen - at < control[SYNC_FAILS]) {
            if (undo_folder) {
                pthread_mutex_lock(&undoing);
                log_of(about.st_ino)->poisoned = 1;
                pthread_mutex_unlock(&undoing);
            }
            __atomic_add_fetch(&control[SYNCS_FAILED], 1, __ATOMIC_SEQ_CST);
            errno = EIO;
            return -1;
        }
    }
    if (control && control[LYING])
        return 0;
    off_t noted = 0;
    if (undo_folder) {
        pthread_mutex_lock(&undoing);
        noted = lseek(log_of(about.st_ino)->fd, 0, SEEK_END);
        pthread_mutex_unlock(&undoing);
    }
    int done = (int)syscall(call, fd);
    if (!done && undo_folder) {
        pthread_mutex_lock(&undoing);
        struct log *log = log_of(about.st_ino);
        if (lseek(log->fd, 0, SEEK_END) == noted && !log->poisoned) {
            if (syscall(SYS_ftruncate, log->fd, 0))
                abort();
        } else if (!log->poisoned) {
            struct entry entry = {SYNCED, 0, 0, 0, (uint64_t)noted, 0};
            put(log->fd, &entry, sizeof entry);
        }
        pthread_mutex_unlock(&undoing);
    }
    if (!done && file == LOG) {
        happened(AFTER_SYNC);
        if (__atomic_exchange_n(&marked, 0, __ATOMIC_SEQ_CST))
            happened(SETTLED);
    }
    return done;
}

int fsync(int fd) { return sync_data(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_data(fd, SYS_fdatasync); }

/* A file that is gone takes nothing back, and its inode may be another file's soon. */
int unlink(const char *path) {
    struct stat about;
    int is_known = undo_folder && !stat(path, &about) && S_ISREG(about.st_mode);
    int done = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    for (int i = 0; !done && is_known && i < 64; i++) {
        if (logs[i].inode != about.st_ino)
            continue;
        pthread_mutex_lock(&undoing);
        logs[i].poisoned = 0;
        if (syscall(SYS_ftruncate, logs[i].fd, 0))
            abort();
        pthread_mutex_unlock(&undoing);
    }
    return done;
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    return sendto(fd, bytes, length, flags, NULL, 0);
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to,
               socklen_t size) {
    enum peer peer = peer_of(fd);
    before_send(peer);
    ssize_t done = syscall(SYS_sendto, fd, bytes, length, flags, to, size);
    if (done > 0)
        after_send(peer);
    return done;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    enum peer peer = peer_of(fd);
    before_send(peer);
    ssize_t done = syscall(SYS_sendmsg, fd, message, flags);
    if (done > 0)
        after_send(peer);
    return done;
}

ssize_t recv(int fd, void *bytes, size_t length, int flags) {
    return recvfrom(fd, bytes, length, flags, NULL, NULL);
}

ssize_t recvfrom(int fd, void *bytes, size_t length, int flags, struct sockaddr *from,
                 socklen_t *size) {
    ssize_t done = syscall(SYS_recvfrom, fd, bytes, length, flags, from, size);
    if (done > 0)
        after_receive(peer_of(fd));
    return done;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    ssize_t done = syscall(SYS_recvmsg, fd, message, flags);
    if (done > 0)
        after_receive(peer_of(fd));
    return done;
}

ssize_t read(int fd, void *bytes, size_t length) {
    ssize_t done = syscall(SYS_read, fd, bytes, length);
    if (done > 0)
        after_receive(peer_of(fd));
    return done;
}

ssize_t readv(int fd, const struct iovec *pieces, int count) {
    ssize_t done = syscall(SYS_readv, fd, pieces, count);
    if (done > 0)
        after_receive(peer_of(fd));
    return done;
}

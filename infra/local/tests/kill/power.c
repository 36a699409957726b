/* A disk that forgets what it was not told to keep.
 *
 * Preloaded into a process, this keeps a copy of a folder as a power cut would leave it: the copy of a file changes
 * only when the file is synced, and then to what was in it when the sync was asked for. The process itself sees its
 * files as ever. Who kills it and goes on with the copy has cut the power.
 *
 *   POWER_FOLDER   the folder, POWER_COPY the copy, which begins as the folder did
 *   POWER_FULL     while there is a file of this name, the disk is full: nothing can be written
 *   POWER_BROKEN   while there is a file of this name, no sync succeeds
 *
 * A file that is removed stays in the copy until the folder is synced, or another of its name is. The index of
 * SQLite's log (-shm) is mapped memory and made anew after a crash, so it is left out. Nothing here renames files.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* How long a sync takes, in microseconds: long enough for others to write meanwhile. */
#define SYNC_US 500
#define FILES_MAX 64

struct range { off_t from, to; };

/* A file of the folder, by what it is and not by its name: a new file of an old name is another one. */
struct file {
    dev_t device;
    ino_t number;
    int is_known; /* whether it was synced before, so that only what was written since differs */
    struct range *ranges;
    size_t count, room;
};

static struct file files[FILES_MAX];
static size_t files_count;
/* Holds the contents still; `disk` lets one sync at a time work. */
static pthread_mutex_t contents = PTHREAD_MUTEX_INITIALIZER, disk = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

static void must(int is_well, const char *what) {
    if (is_well) return;
    perror(what);
    abort();
}

static int is_set(const char *variable) {
    const char *path = getenv(variable);
    return path && access(path, F_OK) == 0;
}

/* The name of an open file within the folder; "" for the folder itself, nothing for all others. */
static const char *name_of(int fd, char *path) {
    const char *folder = getenv("POWER_FOLDER");
    char link[64];
    if (!folder) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    size_t prefix = strlen(folder);
    if (strncmp(path, folder, prefix)) return NULL;
    if (!path[prefix]) return "";
    const char *name = path + prefix + 1, *end = strrchr(name, '-');
    int is_ours = path[prefix] == '/' && !strchr(name, '/') && !strstr(name, " (deleted)");
    return is_ours && !(end && !strcmp(end, "-shm")) ? name : NULL;
}

static struct file *file_of(int fd) {
    struct stat it;
    must(fstat(fd, &it) == 0, "fstat");
    for (size_t place = 0; place < files_count; place++)
        if (files[place].device == it.st_dev && files[place].number == it.st_ino) return &files[place];
    must(files_count < FILES_MAX, "too many files");
    struct file *file = &files[files_count++];
    *file = (struct file){.device = it.st_dev, .number = it.st_ino};
    return file;
}

static void note(struct file *file, off_t from, off_t to) {
    if (file->count && file->ranges[file->count - 1].to == from) {
        file->ranges[file->count - 1].to = to;
        return;
    }
    if (file->count == file->room) {
        file->room = file->room ? 2 * file->room : 64;
        file->ranges = realloc(file->ranges, file->room * sizeof *file->ranges);
        must(file->ranges != NULL, "realloc");
    }
    file->ranges[file->count++] = (struct range){from, to};
}

static void copy_path(const char *name, char *path) {
    snprintf(path, PATH_MAX, "%s/%s", getenv("POWER_COPY"), name);
}

/* Brings the copy of a file to what the file is at this moment. */
static void keep(int fd, const char *name) {
    char path[PATH_MAX];
    struct stat it;
    pthread_mutex_lock(&contents);
    struct file *file = file_of(fd);
    must(fstat(fd, &it) == 0, "fstat");
    int was_known = file->is_known;
    if (!was_known) {
        file->count = 0;
        note(file, 0, it.st_size);
    }
    size_t count = file->count, total = 0, at = 0;
    /* One that was opened to be written is read by another descriptor; closing that one would take SQLite's locks along. */
    int is_readable = (fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY, source = fd;
    if (!is_readable) {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        source = open(link, O_RDONLY);
        must(source >= 0, "open");
    }
    struct range *ranges = malloc(count * sizeof *ranges + 1);
    must(ranges != NULL, "malloc");
    for (size_t place = 0; place < count; place++) {
        ranges[place] = file->ranges[place];
        if (ranges[place].to > it.st_size) ranges[place].to = it.st_size;
        if (ranges[place].from < ranges[place].to) total += ranges[place].to - ranges[place].from;
    }
    char *data = malloc(total + 1);
    must(data != NULL, "malloc");
    for (size_t place = 0; place < count; place++)
        for (off_t from = ranges[place].from; from < ranges[place].to;) {
            ssize_t length = pread(source, data + at, ranges[place].to - from, from);
            must(length > 0, "pread");
            at += length;
            from += length;
        }
    if (!is_readable) close(source);
    file->count = 0;
    file->is_known = 1;
    pthread_mutex_unlock(&contents);
    usleep(SYNC_US);
    copy_path(name, path);
    int copy = open(path, O_WRONLY | O_CREAT | (was_known ? 0 : O_TRUNC), 0600);
    must(copy >= 0, path);
    at = 0;
    for (size_t place = 0; place < count; place++)
        for (off_t from = ranges[place].from; from < ranges[place].to;) {
            ssize_t length = REAL(pwrite64)(copy, data + at, ranges[place].to - from, from);
            must(length > 0, "pwrite");
            at += length;
            from += length;
        }
    must(REAL(ftruncate64)(copy, it.st_size) == 0, "ftruncate");
    close(copy);
    free(data);
    free(ranges);
}

/* Forgets in the copy what is gone from the folder. */
static void keep_names(void) {
    char path[PATH_MAX];
    DIR *copies = opendir(getenv("POWER_COPY"));
    must(copies != NULL, "opendir");
    for (struct dirent *entry; (entry = readdir(copies));) {
        snprintf(path, sizeof path, "%s/%s", getenv("POWER_FOLDER"), entry->d_name);
        if (entry->d_name[0] == '.' || access(path, F_OK) == 0) continue;
        copy_path(entry->d_name, path);
        REAL(unlink)(path);
    }
    closedir(copies);
}

static int synced(int fd, int (*other)(int)) {
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    if (!name) return other(fd);
    if (is_set("POWER_BROKEN")) {
        errno = EIO;
        return -1;
    }
    pthread_mutex_lock(&disk);
    if (*name) keep(fd, name);
    else keep_names();
    pthread_mutex_unlock(&disk);
    return 0;
}

int fsync(int fd) { return synced(fd, REAL(fsync)); }

int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }

static ssize_t written(int fd, const void *bytes, size_t length, off_t from, ssize_t (*write_at)(int, const void *, size_t, off64_t)) {
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    if (!name) return write_at(fd, bytes, length, from);
    if (is_set("POWER_FULL")) {
        errno = ENOSPC;
        return -1;
    }
    pthread_mutex_lock(&contents);
    ssize_t done = write_at(fd, bytes, length, from);
    if (done > 0) note(file_of(fd), from, from + done);
    pthread_mutex_unlock(&contents);
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t from) {
    return written(fd, bytes, length, from, REAL(pwrite64));
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t from) {
    return written(fd, bytes, length, from, REAL(pwrite64));
}

ssize_t write(int fd, const void *bytes, size_t length) {
    char path[PATH_MAX];
    if (!name_of(fd, path)) return REAL(write)(fd, bytes, length);
    off_t from = lseek(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
    ssize_t done = written(fd, bytes, length, from, REAL(pwrite64));
    if (done > 0) lseek(fd, from + done, SEEK_SET);
    return done;
}

int unlink(const char *path) {
    const char *folder = getenv("POWER_FOLDER");
    struct stat it;
    if (folder && !strncmp(path, folder, strlen(folder)) && stat(path, &it) == 0) {
        /* Its number may be given to another file. */
        pthread_mutex_lock(&contents);
        for (size_t place = 0; place < files_count; place++)
            if (files[place].device == it.st_dev && files[place].number == it.st_ino) {
                free(files[place].ranges);
                files[place] = files[--files_count];
            }
        pthread_mutex_unlock(&contents);
    }
    return REAL(unlink)(path);
}

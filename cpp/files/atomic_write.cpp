#include "atomic_write.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <random>
#include <string>
#include <system_error>
#include <utility>
#ifdef _WIN32
#include <io.h>
#else
#include <unistd.h>
#endif

#include "file_names.hpp"
#include "gmmx/errors.hpp"

namespace gmmx {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannot_write(const fs::path& path, const std::string& why) {
  throw FileError(utf8_name(path) + " cannot be written: " + why + ".");
}

std::string last_error() { return std::generic_category().message(errno); }

// What a chain of symbolic links leads to, whether it exists or not.
fs::path followed(const fs::path& path) {
  constexpr int most_links = 40;
  fs::path target = path;
  for (int links = 0; links < most_links; ++links) {
    std::error_code error;
    if (!fs::is_symlink(fs::symlink_status(target, error))) return target;
    const fs::path next = fs::read_symlink(target, error);
    if (error) cannot_write(path, error.message());
    target = target.parent_path() / next;
  }
  cannot_write(path, "its symbolic links lead in a circle; give the path of a file to write");
}

fs::path temporary_beside(const fs::path& target) {
  constexpr const char* digits = "0123456789abcdef";
  std::random_device random;
  std::string suffix;
  for (int i = 0; i < 16; ++i) suffix += digits[random() % 16];
  return target.parent_path() / (".gmmx." + suffix + ".tmp");  // short, however long the target's name is
}

bool sync(std::FILE* file) {
#ifdef _WIN32
  return _commit(_fileno(file)) == 0;
#else
  return fsync(fileno(file)) == 0;
#endif
}

// Makes a rename outlast a power cut, where the system can.
void sync_folder(const fs::path& folder) {
#ifdef _WIN32
  static_cast<void>(folder);
#else
  const int descriptor = open(folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
#endif
}

#ifndef _WIN32
// Whether owner, group and mode of a file could be given to an open one. A new file may be used by its owner alone
// until then: fopen() would let others read what replaces a private file.
bool give_permissions_of(const struct stat& replaced, int descriptor) {
  struct stat given {};
  if (fstat(descriptor, &given) != 0) return false;
  const bool is_theirs = given.st_uid == replaced.st_uid && given.st_gid == replaced.st_gid;
  if (!is_theirs && fchown(descriptor, replaced.st_uid, replaced.st_gid) != 0) return false;
  return fchmod(descriptor, replaced.st_mode & 07777) == 0;
}
#endif

// The stream of a new file that has mode and owner of the one that it will replace, or the usual ones if there is none;
// null, with errno set, where that fails.
std::FILE* new_file(const fs::path& path, const fs::path& replaced) {
#ifdef _WIN32
  static_cast<void>(replaced);
  constexpr int flags = _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY | _O_NOINHERIT;
  const int descriptor = _wopen(path.c_str(), flags, _S_IREAD | _S_IWRITE);
  return descriptor < 0 ? nullptr : _fdopen(descriptor, "wb");
#else
  struct stat status {};
  const bool replaces = stat(replaced.c_str(), &status) == 0;
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, replaces ? 0600 : 0666);
  if (descriptor < 0) return nullptr;
  std::FILE* const file = !replaces || give_permissions_of(status, descriptor) ? fdopen(descriptor, "wb") : nullptr;
  if (file == nullptr) {
    const int reason = errno;
    close(descriptor);
    unlink(path.c_str());
    errno = reason;
  }
  return file;
#endif
}

// Whether nobody may write to a file, or not this user. A superuser may write to every file, but one that is read-only
// for all is not meant to be replaced.
bool is_read_only(const fs::path& path, fs::perms permissions) {
  constexpr fs::perms anybody = fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write;
  if ((permissions & anybody) == fs::perms::none) return true;
#ifdef _WIN32
  static_cast<void>(path);
  return false;
#else
  return access(path.c_str(), W_OK) != 0;
#endif
}

// A new file, removed again unless it was moved. The methods return false with errno set where they fail.
class TemporaryFile {
 public:
  TemporaryFile(fs::path path, const fs::path& replaced) : path_(std::move(path)), file_(new_file(path_, replaced)) {
    exists_ = file_ != nullptr;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    close();
    std::error_code ignored;
    if (exists_) fs::remove(path_, ignored);
  }

  bool exists() const { return exists_; }
  bool write(std::string_view bytes) {
    return std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size() && std::fflush(file_) == 0 && sync(file_);
  }
  bool close() {
    std::FILE* const file = std::exchange(file_, nullptr);
    return file == nullptr || std::fclose(file) == 0;
  }
  std::error_code move_to(const fs::path& target) {
    std::error_code error;
    fs::rename(path_, target, error);
    exists_ = static_cast<bool>(error);
    return error;
  }

 private:
  fs::path path_;
  std::FILE* file_;
  bool exists_;
};

}  // namespace

void write_atomically(const fs::path& path, std::string_view bytes) {
  const fs::path target = followed(path);
  std::error_code error;
  const fs::file_status status = fs::status(target, error);
  if (error && status.type() != fs::file_type::not_found) {
    cannot_write(path, error.message() + "; give the path of a file that can be written");
  }
  if ((fs::exists(status) && !fs::is_regular_file(status)) || !target.has_filename()) {
    cannot_write(path, "it is not a regular file; give the path of a file to write");
  }
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, error)) {
    cannot_write(path, "the folder " + utf8_name(folder) + " does not exist; make it or give another path");
  }

  if (fs::exists(status) && is_read_only(target, status.permissions())) {
    cannot_write(path, "it is read-only; give another path, or make it writable");
  }

  TemporaryFile temporary(temporary_beside(target), target);
  if (!temporary.exists()) {
    cannot_write(path, last_error() + " (a new file in " + utf8_name(folder) +
                           ", with owner, group and mode of what it " +
                           "replaces); give a folder that can be written to");
  }
  if (!temporary.write(bytes) || !temporary.close()) {
    cannot_write(path, last_error() + "; what stood there is unchanged. Make room or give another path");
  }
  error = temporary.move_to(target);
  if (error) cannot_write(path, error.message() + "; what stood there is unchanged. Give another path");
  sync_folder(folder);
}

}  // namespace gmmx
